import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { ApiKeys } from './api-keys.ts';
import { emptyRules, openRuleStore } from './rules-for-tests.ts';

let store: ThrowawayPostgres;
let clock: ManualClock;
let keys: ApiKeys;
beforeAll(async () => {
  store = await openRuleStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  await emptyRules(store.postgres);
  clock = new ManualClock();
  keys = new ApiKeys({ postgres: store.postgres, clock, log: createLogger({ level: 'silent' }) });
});

test('a secret is shown once; what is kept does not hold it', async () => {
  const { secret, key } = await keys.createKey({ name: 'shop', scopes: ['bans:read', 'bans:read', 'stats:read'] });
  expect(secret).toMatch(/^sk_[A-Za-z0-9_-]{43}$/);
  expect(key.scopes).toEqual(['bans:read', 'stats:read']);
  const { rows } = await store.postgres.query<{ all: string }>('SELECT api_keys::text AS all FROM api_keys');
  expect(rows).toHaveLength(1);
  expect(rows[0]?.all).not.toContain(secret.slice(8));
  expect(await keys.findKey(secret)).toMatchObject({ id: key.id, name: 'shop', prefix: secret.slice(0, 8) });
  expect(JSON.stringify(await keys.listKeys())).not.toContain('hash');
});

test('each secret is another', async () => {
  const made = await Promise.all([1, 2, 3].map(() => keys.createKey({ name: 'x', scopes: ['bans:read'] })));
  expect(new Set(made.map(({ secret }) => secret)).size).toBe(3);
  expect((await keys.listKeys()).map(({ id }) => id).toSorted()).toEqual(made.map(({ key }) => key.id).toSorted());
});

test('revoked and expired keys are good no more', async () => {
  const one = await keys.createKey({ name: 'one', scopes: ['bans:read'] });
  const two = await keys.createKey({ name: 'two', scopes: ['bans:read'], expiresAt: new Date(clock.nowMs() + 1_000) });
  expect(typeof (await keys.findKey(two.secret))).toBe('object');
  await clock.advance(1_000);
  expect(await keys.findKey(two.secret)).toBe('expired');
  expect(await keys.revokeKey(one.key.id)).toBe(true);
  expect(await keys.revokeKey(one.key.id)).toBe(false);
  expect(await keys.findKey(one.secret)).toBe('revoked');
});

test.each(['', 'sk_', "sk_' OR true --", `sk_${'a'.repeat(42)}`, `sk_${'a'.repeat(43)}`, `SK_${'a'.repeat(43)}`, '\0'])(
  '%j is no key',
  async (secret) => {
    await keys.createKey({ name: 'one', scopes: ['bans:read'] });
    expect(await keys.findKey(secret)).toBe('unknown');
    expect(await keys.revokeKey(secret)).toBe(false);
  },
);

test('its use is noted at most once a minute', async () => {
  const { secret } = await keys.createKey({ name: 'one', scopes: ['bans:read'] });
  const lastUsed = async () => (await keys.listKeys())[0]?.lastUsedAt?.getTime();
  expect(await lastUsed()).toBeUndefined();
  const first = clock.nowMs();
  await keys.findKey(secret);
  expect(await lastUsed()).toBe(first);
  await clock.advance(59_000);
  await keys.findKey(secret);
  expect(await lastUsed()).toBe(first);
  await clock.advance(1_000);
  await keys.findKey(secret);
  expect(await lastUsed()).toBe(clock.nowMs());
});
