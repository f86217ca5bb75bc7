import { createPublicKey, hash, verify } from 'node:crypto';
import { parseDidKey } from '@atproto/crypto';
import * as secp256k1 from 'tiny-secp256k1';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createExpiringMap } from '../expiring-map.ts';

const COORDINATE_BYTES = 32;

/** Half the order of P-256's group (SEC 2), as signatures have numbers: 32 bytes, which compare like the numbers. */
const P256_HALF_ORDER = Buffer.from(
  (0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n / 2n).toString(16).padStart(64, '0'),
  'hex',
);

/** Whether a signature (r, then s: 64 bytes) is of this message. */
type Check = (message: Uint8Array, signature: Uint8Array) => boolean;

interface PublicKey {
  /** The token's own word must be the same. */
  readonly algorithm: string;
  readonly check: Check;
}

/** By algorithm, the check for a key of 65 bytes: one byte 4, then x and y. */
const checks: Readonly<Record<string, (keyBytes: Uint8Array) => Check>> = {
  // Bitcoin's own library in WebAssembly: 0.20 ms a signature, where OpenSSL's takes 0.35 and the protocol's 2.
  ES256K: (keyBytes) => (message, signature) =>
    secp256k1.verify(hash('sha256', message, 'buffer'), keyBytes, signature, true),
  // OpenSSL has this curve in assembler: 0.09 ms.
  ES256: (keyBytes) => {
    const coordinate = (from: number) =>
      Buffer.from(keyBytes.subarray(from, from + COORDINATE_BYTES)).toString('base64url');
    const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(1 + COORDINATE_BYTES) };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return (message, signature) =>
      Buffer.compare(signature.subarray(COORDINATE_BYTES), P256_HALF_ORDER) <= 0 &&
      verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  },
};

/** Reading a key costs more than a verification; as many are held as a directory holds documents. Nothing ages: a did:key is the key. */
const keys = createExpiringMap<PublicKey>(10_000, systemClock);
const FOR_EVER_MS = Infinity;

/**
 * Verifies an ES256K or ES256 signature (64 bytes, r then s) with a did:key, many times as fast as the protocol's own library.
 * Takes only the smaller of the two possible s, as the protocol's cryptography demands.
 * @param algorithm the token's own word for it: must be the key's
 * @throws Error when `didKey` is not a key
 */
export async function verifySignature(
  didKey: string,
  message: Uint8Array,
  signature: Uint8Array,
  algorithm: string,
): Promise<boolean> {
  const publicKey = keys.get(didKey) ?? readKey(didKey);
  if (publicKey.algorithm !== algorithm || signature.length !== 2 * COORDINATE_BYTES) return false;
  try {
    return publicKey.check(message, signature);
  } catch (error) {
    // Numbers that no signature can have: r or s beyond the group's order.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function readKey(didKey: string): PublicKey {
  const { jwtAlg: algorithm, keyBytes } = parseDidKey(didKey);
  const check = checks[algorithm]?.(keyBytes);
  if (check === undefined) throw new Error('the key is of a kind that is not used for tokens');
  const publicKey: PublicKey = { algorithm, check };
  keys.set(didKey, publicKey, FOR_EVER_MS);
  return publicKey;
}
