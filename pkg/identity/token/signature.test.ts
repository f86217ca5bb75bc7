import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto';
import { describe, expect, it } from 'vitest';
import { verifySignature } from './signature.ts';

const ORDERS = {
  ES256K: 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n,
  ES256: 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n,
};
const message = new TextEncoder().encode('what is signed');

/** The other signature that the same key could have made for the same message. */
function otherS(signature: Uint8Array, order: bigint): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')]);
}

describe.each([
  ['ES256K', Secp256k1Keypair],
  ['ES256', P256Keypair],
] as const)('an %s signature', (algorithm, Keypair) => {
  it("of the protocol's own library is good, with any key and message", async () => {
    for (let n = 0; n < 25; n += 1) {
      const key = await Keypair.create();
      const text = new TextEncoder().encode(`message ${n}`);
      expect(await verifySignature(key.did(), text, await key.sign(text), algorithm)).toBe(true);
    }
  });

  it.each<[string, (signature: Uint8Array) => Uint8Array]>([
    ['with the higher s', (signature) => otherS(signature, ORDERS[algorithm])],
    ['with one bit changed', (signature) => signature.map((byte, n) => (n === 40 ? byte ^ 1 : byte))],
    ['cut short', (signature) => signature.subarray(0, 63)],
    ['with a byte more', (signature) => Buffer.concat([signature, Buffer.alloc(1)])],
    ['of nothing', () => new Uint8Array()],
    ['of zeros', () => new Uint8Array(64)],
    ['of s = 0', (signature) => Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)])],
    ['in DER form', () => Buffer.from('3006020101020101', 'hex')],
  ])('%s is not', async (_, change) => {
    const key = await Keypair.create();
    const signature = await key.sign(message);
    expect(await verifySignature(key.did(), message, signature, algorithm)).toBe(true);
    expect(await verifySignature(key.did(), message, change(signature), algorithm)).toBe(false);
  });

  it('is not good for another message, key or algorithm', async () => {
    const [key, other] = [await Keypair.create(), await Keypair.create()];
    const signature = await key.sign(message);
    expect(await verifySignature(key.did(), new TextEncoder().encode('other'), signature, algorithm)).toBe(false);
    expect(await verifySignature(other.did(), message, signature, algorithm)).toBe(false);
    for (const word of ['none', 'HS256', 'RS256', algorithm === 'ES256' ? 'ES256K' : 'ES256', 'toString']) {
      expect(await verifySignature(key.did(), message, signature, word)).toBe(false);
    }
  });
});

it.each(['', 'did:key:', 'did:key:z???', 'did:plc:x', `did:key:z${'1'.repeat(48)}`])('%j is no key', async (didKey) => {
  await expect(verifySignature(didKey, message, new Uint8Array(64), 'ES256')).rejects.toThrow(Error);
});
