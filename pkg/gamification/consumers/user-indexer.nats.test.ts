import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { analysis, tablesOf } from '../ledger/ledger-for-tests.ts';
import { ConsumersWorld, ofUser, SLOW } from './consumers-for-tests.ts';
import { userIndexer } from './user-indexer.ts';

let world: ConsumersWorld;
const removed: string[] = [];
const boards = { remove: async (userIds: readonly string[]) => removed.push(...userIds) };
beforeAll(async () => {
  world = await ConsumersWorld.open();
  world.run(userIndexer({ ...world.parts, boards }));
});
afterAll(async () => world[Symbol.asyncDispose]());

const player = (userId: string) => world.ledger.readPlayer(userId);
const done = () => expect.poll(() => world.pending('USER', 'user-indexer'), SLOW).toBe(0);
const registered = (userId: string, fields: { tier?: string; referrerId?: string } = {}) =>
  createEvent(EVENTS.userRegistered, ofUser(userId), { userId, tier: 'drift', ...fields });
const tierChanged = (userId: string, newTier: string, nowMs = Date.now()) =>
  createEvent(EVENTS.userTierChanged, { ...ofUser(userId), nowMs }, { userId, newTier });
const deleted = (userId: string) => createEvent(EVENTS.userDeleted, ofUser(userId), { userId });

test('somebody new has a row; who brought them gets 100 XP, once', async () => {
  const [referrer, userId] = [await world.stores.addUser(), await world.stores.addUser()];
  const event = registered(userId, { referrerId: referrer });
  await world.publish(event, event, registered(userId, { referrerId: referrer }));
  await done();
  expect(await player(userId)).toMatchObject({ xpTotal: 0, tier: 'drift' });
  expect(await player(referrer)).toMatchObject({ referrals: 1 });
  const rows = await world.ledger.readLedger(referrer, { limit: 10 });
  expect(rows.filter(({ type }) => type === 'referral_signup').map(({ xpDelta }) => xpDelta)).toEqual([100]);
});

test('who is brought by nobody we know is there all the same; a stranger is a dead letter', async () => {
  const userId = await world.stores.addUser();
  await world.publish(registered(userId, { referrerId: 'did:plc:nobodyhasthisone' }), registered('did:plc:stranger'));
  await done();
  expect(await player(userId)).toMatchObject({ xpTotal: 0 });
  await expect.poll(() => world.deadReasons(), SLOW).toEqual(['unknown user']);
});

test('a tier holds from its moment on, and the newest is the one that counts', async () => {
  const userId = await world.stores.addUser();
  const nowMs = Date.now();
  await world.publish(registered(userId));
  await done();
  await world.publish(tierChanged(userId, 'orbit', nowMs + 2000), tierChanged(userId, 'jet', nowMs + 1000));
  await done();
  expect(await player(userId)).toMatchObject({ tier: 'orbit' });
  const at = async (ms: number) => (await world.ledger.tierAt([userId], ms)).get(userId);
  expect([await at(nowMs + 999), await at(nowMs + 1999), await at(nowMs + 2000)]).toEqual(['drift', 'jet', 'orbit']);
});

test('who leaves is erased and taken off the boards; who is here is not', async () => {
  const [gone, here] = [await world.stores.addUser(), await world.stores.addUser()];
  for (const userId of [gone, here]) await world.ledger.settle([analysis(userId)]);
  await world.stores.leave(gone);
  await world.publish(deleted(gone), deleted(here), deleted(gone));
  await done();
  expect(Object.values(await tablesOf(world.stores.postgres, [gone])).flat()).toEqual([]);
  expect(await player(here)).toMatchObject({ xpTotal: 65 });
  expect(new Set(removed)).toEqual(new Set([gone]));
});
