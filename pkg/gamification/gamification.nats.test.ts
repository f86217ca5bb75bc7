import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EVENTS } from '#pkg/bus/events.ts';
import { completed, GamificationWorld, SLOW } from './world-for-tests.ts';

let world: GamificationWorld;
beforeAll(async () => {
  world = await GamificationWorld.open();
});
afterAll(() => world.close());

interface Row {
  event_type: string;
  event_id: string;
  xp_delta: number;
  xp_total: number;
}
const ledgerOf = (userId: string) =>
  world.rows<Row>(
    'SELECT event_type, event_id, xp_delta, xp_total FROM xp_transactions WHERE user_id = $1 ORDER BY id',
    [userId],
  );
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Until all that these analyses bring is on the leaderboard; then the ledger. */
async function settled(userId: string, analyses: readonly string[]): Promise<Row[]> {
  return vi.waitFor(async () => {
    const rows = await ledgerOf(userId);
    const ids = new Set(rows.map(({ event_id }) => event_id));
    for (const id of analyses) expect(ids).toContain(id);
    const { json } = await world.ask('leaderboards/global', userId);
    expect(json.you?.xp).toBe(rows.at(-1)?.xp_total);
    return rows;
  }, SLOW);
}

test('an analysis becomes XP: ledger, event, frame, leaderboard, stats', async () => {
  const userId = await world.user();
  const analysisId = randomUUID();
  const event = completed({ userId, analysisId, tier: 'jet' });
  await world.publish(event);
  const rows = await settled(userId, [analysisId]);

  expect(rows.find(({ event_id }) => event_id === analysisId)).toMatchObject({
    event_type: 'timeline_analyzed',
    xp_delta: 20,
  });
  const total = sum(rows.map(({ xp_delta }) => xp_delta));
  expect(rows.at(-1)?.xp_total).toBe(total);

  const counted = rows.filter(({ xp_delta }) => xp_delta !== 0);
  await vi.waitFor(() => {
    for (const definition of [EVENTS.xpEarned, EVENTS.realtimeXpEarned]) {
      expect(world.told(definition, userId)).toHaveLength(counted.length);
    }
  }, SLOW);
  const earned = world.told(EVENTS.xpEarned, userId);
  expect(sum(earned.map(({ message }) => message.xpDelta))).toBe(total);
  expect(new Set(earned.map(({ correlationId }) => correlationId))).toEqual(new Set([event.correlationId]));
  expect(earned.map(({ causationId }) => causationId)).toContain(analysisId);
  const frames = world.told(EVENTS.realtimeXpEarned, userId);
  expect(frames.map(({ causationId }) => causationId).toSorted()).toEqual(
    earned.map(({ eventId }) => eventId).toSorted(),
  );

  const global = await world.ask('leaderboards/global', userId);
  expect(global.json.you).toMatchObject({ user_id: userId, xp: total });
  expect((await world.ask('leaderboards/weekly', userId)).json.you).toMatchObject({ xp: total });
  expect((await world.ask(`users/${userId}/stats`)).json).toMatchObject({
    xp_total: total,
    analyses: 1,
    streak: { current: 1, longest: 1 },
    rank: global.json.you.rank,
  });
  expect((await world.ask('me/xp', userId)).json.xp).toHaveLength(rows.length);
});

test('the same event again, and again beside others, changes nothing', async () => {
  const userId = await world.user();
  const events = ['flow', 'clout', 'kudos'].map((lens) => completed({ userId, lens }));
  const ids = events.map(({ eventId }) => eventId);
  for (const event of events) await world.publish(event);
  const before = await settled(userId, ids);

  const last = completed({ userId });
  for (const event of [...events, ...events.toReversed(), last, ...events]) await world.publish(event);
  const after = await settled(userId, [...ids, last.eventId]);
  expect(after.slice(0, before.length)).toEqual(before);
  const ofAnalyses = after.filter(
    ({ event_type, event_id }) => event_type === 'timeline_analyzed' && event_id !== 'first_analysis',
  );
  expect(ofAnalyses.map(({ event_id }) => event_id).toSorted()).toEqual([...ids, last.eventId].toSorted());

  await vi.waitFor(() => {
    const totals = world.told(EVENTS.xpEarned, userId).map(({ message }) => Number(message.xpTotal));
    expect(totals.toSorted((a, b) => a - b)).toEqual(
      after.filter(({ xp_delta }) => xp_delta !== 0).map(({ xp_total }) => xp_total),
    );
  }, SLOW);
});

test('of nobody, and of who has left, nothing is written; what is behind them flows', async () => {
  const [left, there] = [await world.user(), await world.user()];
  await world.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [left]);
  const nobody = 'did:plc:nobodyaaaaaaaaaaaaaaaaaa';
  const ofNobody = completed({ userId: nobody });
  const last = completed({ userId: there });
  for (const event of [ofNobody, completed({ userId: left }), last]) await world.publish(event);
  await settled(there, [last.eventId]);
  await vi.waitFor(() => {
    const dead = world.heard.filter(({ subject }) => subject.startsWith('dlq.'));
    expect(dead).toEqual([{ subject: `dlq.${ofNobody.subject}`, bytes: ofNobody.bytes }]);
  }, SLOW);
  expect([...(await ledgerOf(nobody)), ...(await ledgerOf(left))]).toEqual([]);
  expect((await world.ask(`users/${left}/stats`)).status).toBe(404);
});

test('dropped to the ledger alone, one call makes everything again', async () => {
  const users = [await world.user(), await world.user()];
  for (const userId of users) {
    const event = completed({ userId, tier: 'orbit' });
    await world.publish(event);
    await settled(userId, [event.eventId]);
  }
  const seen = async () => ({
    global: (await world.ask('leaderboards/global')).json,
    weekly: (await world.ask('leaderboards/weekly')).json,
    stats: await Promise.all(users.map(async (userId) => (await world.ask(`users/${userId}/stats`)).json)),
    streaks: await Promise.all(users.map(async (userId) => (await world.ask('me/streak', userId)).json)),
    achievements: await Promise.all(users.map(async (userId) => (await world.ask('me/achievements', userId)).json)),
  });
  const before = await seen();
  await world.postgres.script('TRUNCATE players, weekly_xp, streak_days, streaks, user_achievements');
  await world.redis.redis.flushall();
  const rebuilt = await world.gamification.rebuild();
  expect(rebuilt.users).toBeGreaterThanOrEqual(users.length);
  expect(rebuilt.wrongTotals).toBe(0);
  expect(await seen()).toEqual(before);
});

test('the calendar runs: nothing before the first start is judged, and its health says how far it is', async () => {
  await vi.waitFor(async () => {
    const { jobs } = await world.gamification.health();
    expect(jobs.map(({ job }) => job)).toEqual(['days', 'sweep', 'weeks']);
    const [days] = jobs;
    expect(days?.doneThrough).toMatch(/T00:00:00\.000Z$/);
    expect(Date.now() - Date.parse(days?.doneThrough ?? '')).toBeLessThan(2 * 86_400_000);
  }, SLOW);
  expect(await world.rows("SELECT FROM xp_transactions WHERE event_id ~ '^(missed|freeze)'")).toEqual([]);
});
