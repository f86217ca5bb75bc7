import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timelineXpAwarder } from './awarder.ts';
import { completed, ConsumersWorld, SLOW } from './consumers-for-tests.ts';

let world: ConsumersWorld;
beforeAll(async () => {
  world = await ConsumersWorld.open();
  world.run(timelineXpAwarder(world.parts));
});
afterAll(async () => world[Symbol.asyncDispose]());

const done = () => expect.poll(() => world.pending('TIMELINE', 'timeline-xp-awarder'), SLOW).toBe(0);
const xpOf = async (userId: string) => (await world.ledger.readPlayer(userId))?.xpTotal;

describe('an answered analysis', () => {
  test('is in the ledger, on the bus and on its way to the user', async () => {
    const userId = await world.stores.addUser();
    await world.publish(completed(userId, { type: 'flow' }));
    await expect.poll(() => xpOf(userId), SLOW).toBe(10 + 50 + 5 + 25);
    const of = (xp: string, achievement: string) => [achievement, xp, xp, xp, xp];
    // Several go onto the bus at once, in no order.
    const told = async (stream: 'GAMIFICATION' | 'REALTIME') => (await world.told(stream, userId)).toSorted();
    await expect.poll(() => told('GAMIFICATION'), SLOW).toEqual(of('events.xp.earned', 'events.achievement.unlocked'));
    await expect
      .poll(() => told('REALTIME'), SLOW)
      .toEqual(of('events.realtime.xp_earned', 'events.realtime.achievement_unlocked'));
    await expect.poll(() => world.stores.count('outbox'), SLOW).toBe(0);
  });

  test('that the bus brings over and over counts once, among hundreds', async () => {
    const userIds = await Promise.all(Array.from({ length: 5 }, () => world.stores.addUser()));
    const events = userIds.flatMap((userId) => Array.from({ length: 60 }, () => completed(userId)));
    await world.publish(...events, ...events.toReversed(), ...events.slice(0, 100));
    await done();
    for (const userId of userIds) {
      const player = await world.ledger.readPlayer(userId);
      const rows = await world.ledger.readLedger(userId, { limit: 1000 });
      const achievements = rows.filter(({ type }) => type === 'achievement_unlocked');
      expect(player).toMatchObject({ analyses: 60, streak: { current: 1 } });
      const xp = achievements.reduce((sum, { xpDelta }) => sum + xpDelta, 60 * 10 + 50 + 5);
      expect(player?.xpTotal).toBe(xp);
    }
    expect(await world.deadReasons()).toEqual([]);
  });
});

describe('what cannot count', () => {
  test('is a dead letter with its reason, and holds up nobody', async () => {
    const [userId, gone] = [await world.stores.addUser(), await world.stores.addUser()];
    await world.stores.leave(gone);
    await world.publish(
      completed('did:plc:nobodyhasthisone'),
      completed(userId, { tier: 'gold' }),
      completed(gone),
      completed(userId, { analysisId: 'first_analysis' }),
      completed(userId, { nowMs: Date.UTC(2023, 5, 1) }),
      completed(userId),
    );
    await expect.poll(() => xpOf(userId), SLOW).toBe(65);
    await done();
    await expect
      .poll(async () => (await world.deadReasons()).toSorted(), SLOW)
      .toEqual([
        'the analysis_id is not a UUID',
        `the timestamp ${Date.UTC(2023, 5, 1)} is before 2024`,
        'unknown tier "gold"',
        'unknown user',
      ]);
    expect(await xpOf(gone)).toBeUndefined();
  });
});

describe('a Postgres that is away', () => {
  test('costs no attempt: however often it fails, all is counted once it is back', async () => {
    const userId = await world.stores.addUser();
    const letters = (await world.deadReasons()).length;
    world.trouble = new Error('Connection terminated unexpectedly');
    world.failures = 0;
    const twice = completed(userId, { analysisId: randomUUID() });
    await world.publish(twice);
    // More often than one message can have failed: three times, each in a batch and alone.
    await expect.poll(() => world.failures, SLOW).toBeGreaterThan(6);
    await world.publish(completed(userId), twice);
    world.trouble = undefined;
    await expect.poll(() => xpOf(userId), SLOW).toBe(75);
    await done();
    expect((await world.deadReasons()).length).toBe(letters);
  });
});
