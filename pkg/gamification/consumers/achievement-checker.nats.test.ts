import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { analysis } from '../ledger/ledger-for-tests.ts';
import { achievementChecker, checkerHandler, type Figures } from './achievement-checker.ts';
import { ConsumersWorld, log, ofUser, SLOW } from './consumers-for-tests.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';

let world: ConsumersWorld;
const asked: string[][] = [];
let answer: () => Promise<Figures>;
const network = {
  async figures(dids: readonly string[]) {
    asked.push([...dids]);
    const figures = await answer();
    return new Map(dids.map((did) => [did, figures]));
  },
};
beforeAll(async () => {
  world = await ConsumersWorld.open();
  world.run(achievementChecker({ ...world.parts, network }));
});
afterAll(async () => world[Symbol.asyncDispose]());
beforeEach(() => {
  asked.length = 0;
  answer = () => Promise.resolve({ networkSize: 1_000_000, trackedUsers: 12 });
});

const done = () => expect.poll(() => world.pending('GAMIFICATION', 'achievement-checker'), SLOW).toBe(0);
const earned = (userId: string, xpDelta = 10) =>
  createEvent(EVENTS.xpEarned, { ...ofUser(userId), eventId: randomUUID() }, { userId, xpDelta, xpTotal: 999_999n });

test('whoever earns is looked up in the index once an hour, and gets what the figures unlock', async () => {
  const userId = await world.stores.addUser();
  await world.ledger.settle([analysis(userId, { atMs: Date.now() })]);
  const player = () => world.ledger.readPlayer(userId);
  await expect.poll(async () => (await player())?.networkSize, SLOW).toBe(1_000_000);
  await done();
  const unlocked = [...(await world.ledger.readAchievements(userId)).keys()];
  expect(unlocked.length).toBeGreaterThan(0);
  const rows = await world.ledger.readLedger(userId, { limit: 100 });
  const xp = rows.reduce((sum, { xpDelta }) => sum + xpDelta, 0);
  expect(await player()).toMatchObject({ xpTotal: xp, trackedUsers: 12, unlocked: new Set(unlocked) });
  // The XP of the achievements came by as well, and asked for nothing.
  await world.publish(earned(userId), earned(userId));
  await done();
  expect(asked).toEqual([[userId]]);
  expect((await player())?.xpTotal).toBe(xp);
});

test('strangers are dead letters, those who left are not, nonsense is; nothing of the event is believed', async () => {
  const [userId, gone] = [await world.stores.addUser(), await world.stores.addUser()];
  await world.stores.leave(gone);
  await world.publish(earned('did:plc:stranger'), earned(gone), earned(userId, 1_000_001), earned(userId, -1_000_001));
  await done();
  await expect
    .poll(async () => (await world.deadReasons()).toSorted(), SLOW)
    .toEqual(['the xp_delta -1000001 is beyond 1000000', 'the xp_delta 1000001 is beyond 1000000', 'unknown user']);
  expect((await world.ledger.readPlayer(userId))?.xpTotal ?? 0).toBe(0);
});

test('an index that fails, or never answers, holds nobody up and is left alone for a minute', async () => {
  const clock = new ManualClock(Date.now());
  const handle = checkerHandler({ ledger: world.ledger, network, clock, log });
  const userIds = await Promise.all([1, 2, 3].map(() => world.stores.addUser()));
  for (const userId of userIds) await world.ledger.setHidden(userId, false);
  const event = (userId = '') =>
    ({
      ...ofUser(userId),
      eventId: 'e',
      timestampMs: clock.nowMs(),
      attempt: 1,
      message: { userId, xpDelta: 5 },
    }) as never;
  const context = { signal: new AbortController().signal, log };
  answer = () => Promise.reject(new Error('ClickHouse is away'));
  expect(await handle([event(userIds[0])], context)).toEqual([{ kind: 'ack' }]);
  expect(await handle([event(userIds[0]), event(userIds[1])], context)).toEqual([{ kind: 'ack' }, { kind: 'ack' }]);
  expect(asked).toEqual([[userIds[0]]]);
  await clock.advance(60_001);
  answer = () => new Promise(() => undefined);
  const hanging = handle([event(userIds[2])], context);
  await expect.poll(() => clock.sleeping).toBe(1);
  await clock.advance(10_000);
  expect(await hanging).toEqual([{ kind: 'ack' }]);
  await clock.advance(60_001);
  answer = () => Promise.resolve({ networkSize: 1, trackedUsers: 2 });
  await handle([event(userIds[0])], context);
  expect(await world.ledger.readPlayer(userIds[0] ?? '')).toMatchObject({ networkSize: 1, trackedUsers: 2 });
});
