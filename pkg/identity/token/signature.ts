import { type KeyObject, createPublicKey, verify } from 'node:crypto';
import { parseDidKey } from '@atproto/crypto';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createExpiringMap } from '../expiring-map.ts';

/** Half the orders of the two curves' groups (SEC 2), as signatures have numbers: 32 bytes, which compare like the numbers. */
const HALF_ORDERS = {
  ES256K: toBytes(0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n / 2n),
  ES256: toBytes(0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n / 2n),
} as const;
const CURVES = { ES256K: 'secp256k1', ES256: 'P-256' } as const;

type Algorithm = keyof typeof CURVES;
const isAlgorithm = (text: string): text is Algorithm => Object.hasOwn(CURVES, text);

const COORDINATE_BYTES = 32;

interface PublicKey {
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** Reading a key costs a third of a verification; as many are held as a directory holds documents. Nothing ages: a did:key is the key. */
const keys = createExpiringMap<PublicKey>(10_000, systemClock);
const FOR_EVER_MS = Infinity;

/**
 * Verifies an ES256K or ES256 signature (64 bytes, r then s) with a did:key, through node:crypto, which is six times as
 * fast as the protocol's own library. Takes only the smaller of the two possible s, as the protocol's cryptography demands.
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
  if (publicKey.algorithm !== algorithm || !isCompactLowS(signature, publicKey.algorithm)) return false;
  return verify('sha256', message, { key: publicKey.key, dsaEncoding: 'ieee-p1363' }, signature);
}

function readKey(didKey: string): PublicKey {
  const { jwtAlg: algorithm, keyBytes } = parseDidKey(didKey);
  if (!isAlgorithm(algorithm)) throw new Error('the key is of a kind that is not used for tokens');
  const coordinate = (from: number) =>
    Buffer.from(keyBytes.subarray(from, from + COORDINATE_BYTES)).toString('base64url');
  // Uncompressed: one byte 4, then x and y.
  const jwk = { kty: 'EC', crv: CURVES[algorithm], x: coordinate(1), y: coordinate(1 + COORDINATE_BYTES) };
  const publicKey: PublicKey = { algorithm, key: createPublicKey({ key: jwk, format: 'jwk' }) };
  keys.set(didKey, publicKey, FOR_EVER_MS);
  return publicKey;
}

function isCompactLowS(signature: Uint8Array, algorithm: Algorithm): boolean {
  if (signature.length !== 2 * COORDINATE_BYTES) return false;
  return Buffer.compare(signature.subarray(COORDINATE_BYTES), HALF_ORDERS[algorithm]) <= 0;
}

function toBytes(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}
