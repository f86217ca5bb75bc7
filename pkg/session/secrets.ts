import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** What clients hold and we do not keep: 256 random bits, in base64url. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** SHA-256 in hex. Enough for a secret of 256 random bits; a password would need more. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Whether this can be a secret of ours, before anything is done with it. */
export const isSecret = (text: string): boolean => SECRET.test(text);

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Hides `text` so that only a holder of `secret` can read it (AES-256-GCM under a key derived from the secret). */
export function seal(text: string, secret: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret), iv);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
}

/**
 * Reads what `seal` hid.
 * @throws Error when it was sealed with another secret or changed since
 */
export function unseal(sealed: string, secret: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(secret), bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}

function keyFrom(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'skyflow refresh successor', 32));
}
