import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secp256k1Keypair } from '@atproto/crypto';
import { createServiceJwt } from '@atproto/xrpc-server';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RedisHandle, openRedis } from '#pkg/redis/client.ts';
import { ManualClock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { type Directory, createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import { signInWithServiceAuth } from './service-auth.ts';

const serviceDid = 'did:web:skyflow.test';
const lxm = 'app.skyflow.auth.login';
const claims = { aud: serviceDid, lxm };

let base: string;
let handle: RedisHandle;
let redis: Redis;
let network: FakeNetwork;
let directory: Directory;
let alice: FakeAccount;
let bob: FakeAccount;
let strangerKey: Secp256k1Keypair;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'skyflow-sign-in-'));
  handle = await openRedis({ log: createLogger({ level: 'silent' }), dataDir: base });
  redis = handle.redis;
  network = await startFakeNetwork();
  alice = await network.addAccount({ handle: 'alice.test' });
  bob = await network.addAccount({ handle: 'bob.test', curve: 'P-256' });
  strangerKey = await Secp256k1Keypair.create({ exportable: true });
});
afterAll(async () => {
  await network.close();
  await handle.close();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(async () => {
  await redis.flushdb();
  directory = fresh();
});

const fresh = () =>
  createDirectory({ clock: systemClock, plcUrl: network.plcUrl, allowPrivate: true, fetch: network.fetch });
const signIn = (token: string, by = directory) =>
  signInWithServiceAuth({ token, serviceDid, directory: by, redis, clock: systemClock });
const nowS = () => Math.floor(Date.now() / 1000);
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const decode = (part: string | undefined) =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>;
const goodPayload = () => ({
  iss: alice.did,
  aud: serviceDid,
  lxm,
  exp: nowS() + 60,
  iat: nowS(),
  jti: crypto.randomUUID(),
});

/** Signed by a key of the sender's own, over whatever header and payload. */
async function forge(header: object, payload: object): Promise<string> {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${Buffer.from(await strangerKey.sign(Buffer.from(input))).toString('base64url')}`;
}

async function changed(change: (parts: { header: Record<string, unknown>; payload: Record<string, unknown> }) => void) {
  const [head, body, signature] = (await alice.token(claims)).split('.');
  const parts = { header: decode(head), payload: decode(body) };
  change(parts);
  return [encode(parts.header), encode(parts.payload), signature].join('.');
}

/** The same token with the other of the two signatures that are mathematically good. */
async function highS(token: string): Promise<string> {
  const [head, body, text = ''] = token.split('.');
  const signature = Buffer.from(text, 'base64url');
  const order = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
  const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`);
  signature.write(s.toString(16).padStart(64, '0'), 32, 'hex');
  return [head, body, signature.toString('base64url')].join('.');
}

describe('a service-auth token', () => {
  it('of either curve signs its account in', async () => {
    expect(await signIn(await alice.token(claims))).toEqual({ ok: true, did: alice.did, handle: 'alice.test' });
    expect(await signIn(await bob.token(claims))).toEqual({ ok: true, did: bob.did, handle: 'bob.test' });
  });

  it('signs in an account whose handle does not hold, without a handle', async () => {
    const carol = await network.addAccount({ handle: 'carol.test' });
    network.handles.delete('carol.test');
    expect(await signIn(await carol.token(claims))).toEqual({ ok: true, did: carol.did, handle: null });
  });

  const bad: [string, string, () => string | Promise<string>][] = [
    ['with alg none', 'BadJwt', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(goodPayload())}.`],
    ['with alg none and a signature', 'BadJwtType', () => changed(({ header }) => (header['alg'] = 'none'))],
    [
      'with HS256 and the public key as the secret',
      'BadJwtType',
      async () => {
        const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(goodPayload())}`;
        const key = await directory.signingKey(alice.did);
        if (typeof key !== 'string') throw new Error('alice has no key');
        return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
      },
    ],
    ['with RS256', 'BadJwtType', () => changed(({ header }) => (header['alg'] = 'RS256'))],
    ["with the other curve's name", 'BadJwtSignature', () => changed(({ header }) => (header['alg'] = 'ES256'))],
    ['that is an access token', 'BadJwtType', () => changed(({ header }) => (header['typ'] = 'at+jwt'))],
    ['that is a DPoP proof', 'BadJwtType', () => changed(({ header }) => (header['typ'] = 'dpop+jwt'))],
    ['whose header demands what we do not know', 'BadJwtType', () => changed(({ header }) => (header['crit'] = ['x']))],
    ['for another service', 'BadJwtAudience', () => alice.token({ ...claims, aud: 'did:web:other.test' })],
    [
      'for a service of ours by another name',
      'BadJwtAudience',
      () => alice.token({ ...claims, aud: `${serviceDid}#x` }),
    ],
    [
      'for another method',
      'BadJwtLexiconMethod',
      () => alice.token({ ...claims, lxm: 'app.bsky.feed.getFeedSkeleton' }),
    ],
    ['for any method', 'BadJwt', () => alice.token({ ...claims, lxm: null })],
    ['expired', 'JwtExpired', () => alice.token({ ...claims, exp: nowS() - 1 })],
    ['that ends too far in the future', 'JwtLifetime', () => alice.token({ ...claims, exp: nowS() + 400 })],
    ['that never ends', 'BadJwt', () => changed(({ payload }) => delete payload['exp'])],
    ['whose end is no number', 'BadJwt', () => changed(({ payload }) => (payload['exp'] = 'never'))],
    ['made in the future', 'JwtLifetime', () => alice.token({ ...claims, iat: nowS() + 200, exp: nowS() + 250 })],
    ['without a jti', 'BadJwt', () => changed(({ payload }) => delete payload['jti'])],
    ['with an endless jti', 'BadJwt', () => changed(({ payload }) => (payload['jti'] = 'x'.repeat(300)))],
    ['signed with a key of the sender', 'BadJwtSignature', () => forge({ alg: 'ES256K', typ: 'JWT' }, goodPayload())],
    [
      'with a key of its own in the header',
      'BadJwtSignature',
      () => forge({ alg: 'ES256K', jwk: { kty: 'EC' }, kid: strangerKey.did() }, goodPayload()),
    ],
    ["with another user's DID put in", 'BadJwtSignature', () => changed(({ payload }) => (payload['iss'] = bob.did))],
    ['made to last longer', 'BadJwtSignature', () => changed(({ payload }) => (payload['exp'] = nowS() + 200))],
    ['with the higher s', 'BadJwtSignature', async () => highS(await alice.token(claims))],
    [
      'whose issuer is a service of the account',
      'BadJwt',
      () => changed(({ payload }) => (payload['iss'] = `${alice.did}#atproto`)),
    ],
    [
      'whose issuer is its own key',
      'BadJwtIss',
      () => createServiceJwt({ ...claims, iss: strangerKey.did(), keypair: strangerKey }),
    ],
    [
      'whose issuer does not exist',
      'BadJwtIss',
      () => createServiceJwt({ ...claims, iss: `did:plc:${'z'.repeat(24)}`, keypair: strangerKey }),
    ],
    ['whose issuer is no DID', 'BadJwt', () => changed(({ payload }) => (payload['iss'] = 'alice.test'))],
    [
      'whose issuer would be loopback',
      'BadJwtIss',
      () => createServiceJwt({ ...claims, iss: 'did:web:127.0.0.1:x', keypair: strangerKey }),
    ],
    ['that is empty', 'BadJwt', () => ''],
    ['that is rubbish', 'BadJwt', () => 'a.b.c.d'],
    ['that is no JSON', 'BadJwtType', () => 'YQ.YQ.YQ'],
    ['that is null', 'BadJwtType', () => `${encode(null)}.${encode(null)}.YQ`],
    ['with other characters', 'BadJwt', async () => (await alice.token(claims)).replace(/.$/, '\n')],
    ['of a megabyte', 'BadJwt', () => changed(({ payload }) => (payload['more'] = 'x'.repeat(1e6)))],
  ];
  it.each(bad)('%s is refused: %s', async (_, error, makeToken) => {
    const token = await makeToken();
    const outcome = await signIn(token);
    expect(outcome).toEqual({ ok: false, problem: { status: 401, error, message: expect.any(String) } });
    const text = JSON.stringify(outcome);
    for (const part of [...token.split('.'), alice.did, bob.did, strangerKey.did(), network.plcUrl].filter(
      (each) => each.length > 8,
    )) {
      expect(text).not.toContain(part);
    }
    expect(await redis.keys('*')).toEqual([]);
  });

  it('that cannot be good costs nobody a look-up', async () => {
    const before = network.requests.length;
    for (const [name, error, makeToken] of bad) {
      if (['BadJwtSignature', 'BadJwtIss'].includes(error) || name.includes('public key')) continue;
      await signIn(await makeToken());
    }
    expect(network.requests.length).toBe(before);
  });

  it('is good once, whichever of many comes first', async () => {
    const token = await alice.token(claims);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => signIn(token)));
    expect(outcomes.filter((outcome) => outcome.ok).length).toBe(1);
    expect(outcomes.find((outcome) => !outcome.ok)).toMatchObject({ problem: { status: 401, error: 'JwtReplayed' } });
    const [key = ''] = await redis.keys('*');
    expect(key).not.toContain(alice.did);
    const ttlMs = await redis.pttl(key);
    expect(ttlMs).toBeGreaterThan(60_000);
    expect(ttlMs).toBeLessThan(180_000);
  });

  it('is remembered for its account alone: a jti chosen by one does not lock out another', async () => {
    const [head, body] = (await alice.token(claims)).split('.');
    const { jti } = decode(body);
    await signIn([head, encode({ ...decode(body), iss: bob.did, jti }), 'AAAA'].join('.'));
    expect(await redis.keys('*')).toEqual([]);
    expect((await signIn(await alice.token(claims))).ok).toBe(true);
  });

  it('that failed does not use up its jti', async () => {
    const token = await alice.token(claims);
    expect((await signIn(await highS(token))).ok).toBe(false);
    expect((await signIn(token)).ok).toBe(true);
  });

  it('signed with a key that was rotated since is accepted after one look-up, and no longer with the old key', async () => {
    const dora = await network.addAccount({ handle: 'dora.test' });
    const withOldKey = [await dora.token(claims), await dora.token(claims)];
    expect((await signIn(withOldKey[0] ?? '')).ok).toBe(true);
    await dora.rotateKey();
    const before = network.requests.length;
    expect((await signIn(await dora.token(claims))).ok).toBe(true);
    expect(network.requests.length).toBe(before + 1);
    expect(await signIn(withOldKey[1] ?? '')).toMatchObject({ problem: { error: 'BadJwtSignature' } });
    expect(network.requests.length).toBe(before + 1);
  });

  it('is judged by the clock it is given', async () => {
    const clock = new ManualClock(Date.now() + 120_000);
    const token = await alice.token(claims);
    expect(await signInWithServiceAuth({ token, serviceDid, directory, redis, clock })).toMatchObject({
      problem: { error: 'JwtExpired' },
    });
  });

  it('is neither good nor bad while its account cannot be looked up', async () => {
    const blind = createDirectory({
      clock: systemClock,
      allowPrivate: true,
      fetch: () => Promise.reject(new Error('10.0.0.7')),
    });
    const outcome = await signIn(await alice.token(claims), blind);
    expect(outcome).toMatchObject({ problem: { status: 503, error: 'IdentityUnavailable' } });
    expect(JSON.stringify(outcome)).not.toContain('10.0.0.7');
  });

  it('lets nobody in while Redis is away, since a replay could not be seen', async () => {
    const token = await alice.token(claims);
    const away = { eval: () => Promise.reject(new Error('gone')) };
    const attempt = signInWithServiceAuth({ token, serviceDid, directory, redis: away, clock: systemClock });
    await expect(attempt).rejects.toThrow('gone');
  });
});
