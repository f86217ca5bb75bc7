import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BusEvent, decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import { openTestStores, someDid, type TestStores } from '#pkg/core/core-for-tests.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createPlayersOperator } from './operator.ts';
import { rebuildText, tierText } from './text.ts';
import { parseTier } from './tier.ts';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

let offered: BusEvent[];
beforeEach(() => {
  offered = [];
});

const operator = () =>
  createPlayersOperator({
    postgres: stores.postgres,
    offer: (events) => void offered.push(...events),
    rebuild: () => Promise.resolve({ users: 2, rows: 9, wrongTotals: 1, removed: 0 }),
    clock: new ManualClock(Date.UTC(2026, 0, 31)),
  });
const user = async (handle: string, updatedAt = '2026-01-01') => {
  const did = someDid();
  await stores.postgres.query('INSERT INTO users (did, handle, updated_at) VALUES ($1, $2, $3)', [
    did,
    handle,
    updatedAt,
  ]);
  return did;
};
const plain = { color: false, width: 80 };

test('a tier is set by handle or DID, told on the bus, and told no second time', async () => {
  const did = await user('Alice.example.com');
  const asked = { action: 'set_tier', account: '@alice.Example.com', tier: 'jet', reason: 'friend' } as const;
  const outcome = await operator()(asked);
  expect(outcome).toEqual({ ok: true, answer: { did, handle: 'Alice.example.com', from: 'drift', to: 'jet' } });
  expect(tierText(outcome.ok ? outcome.answer : never(), plain)).toContain(
    'Changed @Alice.example.com from drift to jet.',
  );
  const { message } = decodeEvent(EVENTS.userTierChanged, offered[0]?.bytes ?? new Uint8Array());
  expect(message).toMatchObject({ userId: did, oldTier: 'drift', newTier: 'jet', reason: 'friend' });
  const again = await operator()({ ...asked, account: did });
  expect(again).toMatchObject({ ok: true, answer: { from: 'jet', to: 'jet' } });
  expect(tierText(again.ok ? again.answer : never(), plain)).toBe('@Alice.example.com is on jet already.\n');
  expect(offered).toHaveLength(1);
});

test('of two who had a handle, the one who signed in later has it; who left has none', async () => {
  await user('moved.example.com', '2026-01-01');
  const later = await user('moved.example.com', '2026-01-02');
  const asked = { action: 'set_tier', account: 'moved.example.com', tier: 'lift', reason: '' } as const;
  expect(await operator()(asked)).toMatchObject({ ok: true, answer: { did: later } });
  await stores.postgres.query("UPDATE users SET deleted_at = now() WHERE handle = 'moved.example.com'");
  expect(await operator()(asked)).toMatchObject({ ok: false, message: expect.stringContaining('"moved.example.com"') });
  expect(await operator()({ ...asked, account: "x' OR true --" })).toMatchObject({ ok: false });
});

test('a rebuild says what it did, and what was wrong', async () => {
  const outcome = await operator()({ action: 'rebuild' });
  const text = rebuildText(outcome.ok ? outcome.answer : never(), plain);
  expect(text).toMatch(/^Rebuilt 2 users from 9 rows of the ledger, and the leaderboards\.\n1 row of the ledger had/);
});

test('a tier that is none is refused, with the one that was meant', () => {
  expect(parseTier('ORBIT')).toBe('orbit');
  expect(() => parseTier('orbitt')).toThrow(UserError);
  expect(() => parseTier('orbitt')).toThrow(/orbitt/);
});

const never = (): never => {
  throw new Error('it was refused');
};
