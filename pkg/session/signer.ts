import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type JSONWebKeySet, type JWTPayload, SignJWT, calculateJwkThumbprint, exportJWK } from 'jose';
import { UserError, errorCode } from '#pkg/runtime/errors.ts';
import { TOKEN_TYPE } from './session.ts';

/** Holds the private key of the access tokens. Only core-api has one. */
export interface SessionSigner {
  /** The RFC 7638 thumbprint of the key. */
  readonly kid: string;
  /** A signed JWT with exactly these claims (RS256). The caller sets issuer, audience and times. */
  sign(claims: JWTPayload): Promise<string>;
  /** The public half, as it stands at `/.well-known/jwks.json`. */
  jwks(): JSONWebKeySet;
}

/** Where the key is: a folder of ours, in which it is made when missing, or PEM text (PKCS#8 or PKCS#1) of the operator's. */
export type SignerSource = { readonly folder: string } | { readonly privateKeyPem: string };

const KEY_FILE = 'session-key.pem';
const MODULUS_BITS = 2048;
const makeKeyPair = promisify(generateKeyPair);

/**
 * Opens the key that signs sessions. Several processes that start at once on one folder end up with the same key.
 * @throws UserError when the key is not an RSA key of at least 2,048 bits, or others may read its file
 */
export async function loadSigner(source: SignerSource): Promise<SessionSigner> {
  const isFile = 'folder' in source;
  const place = isFile ? join(source.folder, KEY_FILE) : 'the session key given';
  const pem = isFile ? await readOrCreate(source.folder) : source.privateKeyPem;
  const privateKey = parseKey(pem, place);
  const publicJwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(publicJwk);
  const jwks: JSONWebKeySet = { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] };
  return {
    kid,
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: TOKEN_TYPE, kid }).sign(privateKey),
    jwks: () => structuredClone(jwks),
  };
}

function parseKey(pem: string, place: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause would quote what it could not read, which may be most of a key.
  }
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key?.asymmetricKeyType === 'rsa' && bits >= MODULUS_BITS) return key;
  throw new UserError(`${place} is not an RSA private key of at least ${MODULUS_BITS} bits in PEM form.`, {
    hint: 'Make one with: openssl genrsa 2048. A key that Skyflow made itself can be deleted; it makes another.',
  });
}

async function readOrCreate(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, KEY_FILE);
  const found = await readPrivate(file);
  if (found !== undefined) return found;
  const { privateKey } = await makeKeyPair('rsa', { modulusLength: MODULUS_BITS });
  const draft = `${file}.${process.pid}.${crypto.randomUUID()}`;
  try {
    await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true });
    // A link appears whole or not at all, and never over another: whoever is second uses the first one's key.
    await link(draft, file).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readPrivate(file);
  if (made === undefined) throw new Error(`${file} vanished while it was made`);
  return made;
}

/** Undefined when there is none. A key that others can read is no secret any more, so it is refused, not repaired. */
async function readPrivate(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw new UserError(`${file} can be read by other users of this machine.`, {
        hint: `Delete it, and Skyflow makes a new one: everybody signs in again. If nobody has seen it: chmod 600 ${file}`,
      });
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
