import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RedisHandle, openRedis } from '#pkg/redis/client.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { isRefusal } from './session.ts';
import { loadSigner } from './signer.ts';
import { type RefreshOutcome, type SessionTokens, createSessionStore } from './store.ts';
import { issueTicket, redeemTicket } from './tickets.ts';
import { createVerifier } from './verifier.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signer = await loadSigner({ privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
const clock = new ManualClock();
const alice = { userId: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', handle: 'alice.test' };
const bob = { userId: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', handle: null };

let base: string;
let handle: RedisHandle;
let redis: Redis;
const make = (maxSessionsPerUser = 50) => createSessionStore({ redis, signer, clock, maxSessionsPerUser });
const verify = (token: string) => createVerifier({ jwks: () => signer.jwks(), redis, clock }).verify(token);

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'skyflow-session-'));
  handle = await openRedis({ log: createLogger({ level: 'silent' }), dataDir: base });
  redis = handle.redis;
});
afterAll(async () => {
  await handle.close();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(() => redis.flushdb());

async function rotate(token: string): Promise<Extract<RefreshOutcome, { kind: 'rotated' }>> {
  const outcome = await make().refresh(token);
  expect(outcome.kind).toBe('rotated');
  return outcome as Extract<RefreshOutcome, { kind: 'rotated' }>;
}

/** The seconds in which a token may be used again are Redis' own; this is what their end does. */
async function endGrace(): Promise<void> {
  const keys = await redis.keys('session:next:*');
  if (keys.length > 0) await redis.del(keys);
}

const isAlive = async (tokens: SessionTokens) => !isRefusal(await verify(tokens.accessToken));

describe('a session', () => {
  it('is proved by its access token, for an hour', async () => {
    const tokens = await make().create(alice);
    expect(await verify(tokens.accessToken)).toEqual({
      ...alice,
      sid: tokens.sid,
      expiresAtMs: Date.parse(tokens.expiresAt),
    });
    const { exp = 0, iat = 0 } = decodeJwt(tokens.accessToken);
    expect([exp - iat, exp * 1000]).toEqual([3_600, Date.parse(tokens.expiresAt)]);
    expect(await verify((await make().create(bob)).accessToken)).toMatchObject({ userId: bob.userId, handle: null });
  });

  it('leaves nothing in Redis that could be used as a token, and nothing without an end', async () => {
    const first = await make().create(alice);
    const next = await rotate(first.refreshToken);
    const keys = await redis.keys('*');
    expect(keys.length).toBeGreaterThan(4);
    for (const key of keys) {
      const ttlMs = await redis.pttl(key);
      expect(ttlMs).toBeGreaterThan(0);
      expect(ttlMs).toBeLessThanOrEqual(30 * 86_400_000);
      const kind = await redis.type(key);
      const value =
        kind === 'hash'
          ? await redis.hgetall(key)
          : kind === 'list'
            ? await redis.lrange(key, 0, -1)
            : kind === 'zset'
              ? await redis.zrange(key, '0', '-1')
              : await redis.get(key);
      for (const token of [first.refreshToken, next.refreshToken, first.accessToken]) {
        expect(`${key} ${JSON.stringify(value)}`).not.toContain(token);
      }
    }
  });

  it('ends at once when revoked, alone', async () => {
    const [one, two, other] = [await make().create(alice), await make().create(alice), await make().create(bob)];
    expect(await make().revoke(one.sid)).toBe(true);
    expect(await make().revoke(one.sid)).toBe(false);
    expect(await Promise.all([one, two, other].map(isAlive))).toEqual([false, true, true]);
    expect(await make().refresh(one.refreshToken)).toEqual({ kind: 'unknown' });
  });

  it('ends with all the others of its user, and leaves nothing behind', async () => {
    const mine = [await make().create(alice), await make().create(alice)];
    const renewed = await rotate((await make().create(alice)).refreshToken);
    const other = await make().create(bob);
    expect(await make().revokeAll(alice.userId)).toBe(3);
    expect(await make().revokeAll(alice.userId)).toBe(0);
    expect(await Promise.all([...mine, renewed, other].map(isAlive))).toEqual([false, false, false, true]);
    await make().revoke(other.sid);
    expect(await redis.keys('*')).toEqual([]);
  });

  it('ends when its user starts too many others; one that is refreshed stays', async () => {
    const store = make(3);
    const first = await store.create(alice);
    await clock.advance(1_000);
    const second = await store.create(alice);
    await clock.advance(1_000);
    const renewed = await rotate(first.refreshToken);
    await clock.advance(1_000);
    const rest = [await store.create(alice), await store.create(alice)];
    expect(await Promise.all([renewed, second, ...rest].map(isAlive))).toEqual([true, false, true, true]);
    expect(await redis.zcard(`session:user:${alice.userId}`)).toBe(3);
  });
});

describe('a refresh token', () => {
  it('gives new tokens of the same session, whose end moves on', async () => {
    const first = await make().create(alice);
    await redis.pexpire(`session:${first.sid}`, 5_000);
    await clock.advance(60_000);
    const next = await rotate(first.refreshToken);
    expect(next).toMatchObject({ ...alice, sid: first.sid });
    expect(next.refreshToken).not.toBe(first.refreshToken);
    expect(Date.parse(next.expiresAt)).toBe(Date.parse(first.expiresAt) + 60_000);
    expect(await redis.pttl(`session:${first.sid}`)).toBeGreaterThan(29 * 86_400_000);
    expect(await verify(next.accessToken)).toMatchObject({ sid: first.sid });
  });

  it('used again later ends the whole session, for thief and owner alike', async () => {
    const first = await make().create(alice);
    const untouched = await make().create(alice);
    const second = await rotate(first.refreshToken);
    await endGrace();
    expect(await make().refresh(first.refreshToken)).toEqual({ kind: 'reused', userId: alice.userId, sid: first.sid });
    expect(await make().refresh(second.refreshToken)).toEqual({ kind: 'unknown' });
    expect(await Promise.all([first, second, untouched].map(isAlive))).toEqual([false, false, true]);
  });

  it('is recognised after many others, not only the last', async () => {
    const first = await make().create(alice);
    let current = await rotate(first.refreshToken);
    for (let n = 0; n < 20; n += 1) current = await rotate(current.refreshToken);
    expect((await make().refresh(first.refreshToken)).kind).toBe('reused');
    expect(await isAlive(current)).toBe(false);
  });

  it('sent many times at once gives the same successor every time, and the session goes on', async () => {
    const first = await make().create(alice);
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => rotate(first.refreshToken)));
    const successors = new Set(outcomes.map((outcome) => outcome.refreshToken));
    expect(successors.size).toBe(1);
    expect(await Promise.all(outcomes.map(isAlive))).toEqual(outcomes.map(() => true));
    await rotate([...successors][0] ?? '');
  });

  it('is not good again within the grace once its successor was used', async () => {
    const first = await make().create(alice);
    const second = await rotate(first.refreshToken);
    await rotate(second.refreshToken);
    expect((await make().refresh(first.refreshToken)).kind).toBe('reused');
  });

  it('has a grace of ten seconds, which Redis ends', async () => {
    const first = await make().create(alice);
    await rotate(first.refreshToken);
    const [key = ''] = await redis.keys('session:next:*');
    const ttlMs = await redis.pttl(key);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(10_000);
  });

  it.each(['', 'x', 'x'.repeat(43), 'x'.repeat(100_000), '../session', "a'); redis.call('FLUSHALL') --"])(
    'that is none is unknown: %.20j',
    async (text) => {
      const tokens = await make().create(alice);
      expect(await make().refresh(text)).toEqual({ kind: 'unknown' });
      expect(await make().refresh(tokens.accessToken)).toEqual({ kind: 'unknown' });
      expect(await isAlive(tokens)).toBe(true);
    },
  );

  it('leaves a bounded number of traces', async () => {
    let token = (await make().create(alice)).refreshToken;
    for (let n = 0; n < 1_050; n += 1) token = (await rotate(token)).refreshToken;
    await endGrace();
    const refreshKeys = await redis.keys('session:refresh:*');
    expect(refreshKeys.length).toBe(1_000);
  });
});

describe('a ticket', () => {
  const session = async () => {
    const answer = await verify((await make().create(alice)).accessToken);
    if (isRefusal(answer)) throw new Error(answer.refused);
    return answer;
  };

  it('is good once, and says who asked for it', async () => {
    const asked = await session();
    const { ticket, expiresAt } = await issueTicket(redis, asked, clock);
    expect(ticket).toMatch(/^[\w-]{43}$/);
    expect(Date.parse(expiresAt)).toBe(clock.nowMs() + 60_000);
    const answers = await Promise.all(Array.from({ length: 5 }, () => redeemTicket(redis, ticket)));
    expect(answers.filter((answer) => answer !== undefined)).toEqual([asked]);
  });

  it('ends within a minute, and Redis does not have it', async () => {
    const { ticket } = await issueTicket(redis, await session(), clock);
    const [key = ''] = await redis.keys('sse:ticket:*');
    expect(key).not.toContain(ticket);
    const ttlMs = await redis.pttl(key);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(60_000);
  });

  it('ends with its session', async () => {
    const asked = await session();
    const { ticket } = await issueTicket(redis, asked, clock);
    await make().revoke(asked.sid);
    expect(await redeemTicket(redis, ticket)).toBeUndefined();
  });

  it.each(['', 'x'.repeat(43), 'x'.repeat(1e6), '*'])('that is none is no session: %.20j', async (text) => {
    await issueTicket(redis, await session(), clock);
    expect(await redeemTicket(redis, text)).toBeUndefined();
  });
});
