import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { createTestCore, openTestStores, someDid, type TestStores } from '../core-for-tests.ts';
import { setTier } from './tiers.ts';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const NOW = Date.UTC(2026, 2, 10, 12);
const change = (did: string, tier: Tier) =>
  setTier(stores.postgres, { did, tier, reason: 'operator', correlationId: 'request', nowMs: NOW });
const outboxOf = async (did: string) => {
  const { rows } = await stores.postgres.query<{ event_id: string; bytes: Uint8Array }>(
    `SELECT event_id, bytes FROM outbox WHERE subject = 'events.user.tier_changed'`,
  );
  return rows.filter(({ bytes }) => Buffer.from(bytes).includes(did));
};

test('the tier and the event that tells it are written together', async () => {
  const core = createTestCore(stores);
  const { did, token } = await core.signIn('lift');
  const changed = await change(did, 'orbit');
  expect(changed).toMatchObject({ outcome: 'changed', oldTier: 'lift' });
  expect((await core.ask('/api/v1/me', { token })).body.tier).toBe('orbit');
  const [row, ...others] = await outboxOf(did);
  expect(others).toEqual([]);
  expect(changed.events.map(({ eventId }) => eventId)).toEqual([row?.event_id]);
  expect(decodeEvent(EVENTS.userTierChanged, row?.bytes ?? new Uint8Array())).toMatchObject({
    aggregateId: did,
    correlationId: 'request',
    timestampMs: NOW,
    message: { userId: did, oldTier: 'lift', newTier: 'orbit', reason: 'operator' },
  });
});

test('what changes nothing tells nothing', async () => {
  const { did } = await createTestCore(stores).signIn('jet');
  expect(await change(did, 'jet')).toEqual({ outcome: 'unchanged', events: [] });
  expect(await change(someDid(), 'jet')).toEqual({ outcome: 'unknown_user', events: [] });
  await stores.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [did]);
  expect(await change(did, 'orbit')).toEqual({ outcome: 'unknown_user', events: [] });
  expect(await outboxOf(did)).toEqual([]);
});

test('of changes at once each tells the tier before it', async () => {
  const { did } = await createTestCore(stores).signIn('drift');
  await Promise.all([change(did, 'lift'), change(did, 'jet'), change(did, 'orbit')]);
  const { rows } = await stores.postgres.query<{ tier: string }>('SELECT tier FROM users WHERE did = $1', [did]);
  const told = (await outboxOf(did)).map(({ bytes }) => decodeEvent(EVENTS.userTierChanged, bytes).message);
  const next = new Map(told.map(({ oldTier, newTier }) => [oldTier, newTier]));
  const chain: string[] = [];
  for (let tier: string | undefined = 'drift'; tier !== undefined; tier = next.get(tier)) chain.push(tier);
  expect(chain).toHaveLength(4);
  expect(chain.at(-1)).toBe(rows[0]?.tier);
});

test('a tier that there is not is refused, and nothing is told', async () => {
  const { did } = await createTestCore(stores).signIn('drift');
  await expect(change(did, 'gold' as Tier)).rejects.toMatchObject({ code: '23514' });
  expect(await outboxOf(did)).toEqual([]);
});
