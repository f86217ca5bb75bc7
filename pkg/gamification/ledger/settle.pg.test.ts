import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StoreAwayError } from '#pkg/rest/away.ts';
import type { Deed } from '../model.ts';
import {
  analysis,
  DAY_MS,
  failingAt,
  type LedgerWorld,
  NOON,
  openLedgerWorld,
  read,
  tablesOf,
} from './ledger-for-tests.ts';

let world: LedgerWorld;
beforeAll(async () => {
  world = await openLedgerWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());
beforeEach(() => world.offered.splice(0));

const settle = (...deeds: Deed[]) => world.ledger.settle(deeds);
const xpOf = async (userId: string) => (await world.ledger.readPlayer(userId))?.xpTotal;
const rowsOf = async (userId: string) =>
  (await world.ledger.readLedger(userId, { limit: 100 }))
    .toReversed()
    .map(({ type, eventId, xpDelta }) => `${type}/${eventId} ${xpDelta}`);

describe('an analysis', () => {
  test('of somebody new: the analysis, the first ever, and the first day of a streak', async () => {
    const userId = await world.addUser();
    const deed = analysis(userId);
    expect(await settle(deed)).toEqual(['awarded']);
    expect(await rowsOf(userId)).toEqual([
      `timeline_analyzed/${deed.eventId} 10`,
      'timeline_analyzed/first_analysis 50',
      'daily_streak/day:2026-03-12 5',
    ]);
    const player = await world.ledger.readPlayer(userId);
    expect(player).toMatchObject({ xpTotal: 65, analyses: 1, referrals: 0, hidden: false, inactive: false });
    expect(player?.lenses).toEqual(new Set(['pulse']));
    expect(player?.streak).toEqual({
      current: 1,
      longest: 1,
      lastDay: '2026-03-12',
      startDay: '2026-03-12',
      freezesLeft: 0,
      freezesMonth: null,
    });
    expect((await tablesOf(world.postgres, [userId]))['weekly']).toEqual([
      { week: '2026-03-09', user_id: userId, xp: 65 },
    ]);
  });

  test('counts once within a batch, and once over several', async () => {
    const userId = await world.addUser();
    const deed = analysis(userId);
    expect(await settle(deed, deed, analysis(userId), deed)).toEqual(['awarded', 'known', 'awarded', 'known']);
    world.offered.splice(0);
    expect(await settle(deed)).toEqual(['known']);
    expect(world.offered).toEqual([]);
    expect(await xpOf(userId)).toBe(10 + 10 + 50 + 5);
  });

  test('of one user counts for nobody else, though it has the same id', async () => {
    const [one, other] = [await world.addUser(), await world.addUser()];
    const deed = analysis(one);
    expect(await settle(deed, { ...deed, userId: other })).toEqual(['awarded', 'awarded']);
    expect([await xpOf(one), await xpOf(other)]).toEqual([65, 65]);
  });

  test('unlocks, and the XP of it stands in the same transaction', async () => {
    const userId = await world.addUser();
    const deed = analysis(userId, { lens: 'flow' });
    await settle(deed);
    expect((await rowsOf(userId)).at(-1)).toBe('achievement_unlocked/first_flow 25');
    expect(await world.ledger.readAchievements(userId)).toEqual(new Map([['first_flow', NOON]]));
    expect(await xpOf(userId)).toBe(65 + 25);
    const { rows } = await world.postgres.query<{ transactions: number }>(
      `SELECT count(DISTINCT xmin::text) AS transactions FROM (
         SELECT xmin FROM xp_transactions WHERE user_id = $1 UNION ALL SELECT xmin FROM user_achievements WHERE user_id = $1
         UNION ALL SELECT xmin FROM streak_days WHERE user_id = $1 UNION ALL SELECT xmin FROM outbox WHERE event_id = ANY($2)
       ) AS written`,
      [userId, world.offered.map(({ eventId }) => eventId)],
    );
    expect(rows).toEqual([{ transactions: 1 }]);
  });

  test('that comes late makes the streak what it would have been', async () => {
    const inOrder = await world.addUser();
    const late = await world.addUser();
    const days = [0, 1, 2, 3, 4];
    for (const day of days) await settle(analysis(inOrder, { atMs: NOON + day * DAY_MS }));
    // In one batch, so that days which stand nowhere yet must count for those after them.
    await settle(...[0, 1, 4].map((day) => analysis(late, { atMs: NOON + day * DAY_MS })));
    await settle(...[3, 2].map((day) => analysis(late, { atMs: NOON + day * DAY_MS })));
    const [expected, found] = [await world.ledger.readPlayer(inOrder), await world.ledger.readPlayer(late)];
    expect(found).toMatchObject({ xpTotal: expected?.xpTotal, streak: expected?.streak });
    expect(found?.streak).toMatchObject({ current: 5, longest: 5, startDay: '2026-03-12', lastDay: '2026-03-16' });
  });
});

test('a day that is bridged and then turns out to be active, all at once, is active', async () => {
  const userId = await world.addUser();
  const cause = { userId, atMs: NOON, correlationId: 'c', causationId: '' };
  const settled = await settle(
    analysis(userId),
    { kind: 'grant', ...cause, month: '2026-03-01', freezes: 3 },
    { kind: 'judge', ...cause, day: '2026-03-13', tier: 'jet' },
    analysis(userId, { atMs: NOON + DAY_MS }),
  );
  expect(settled).toEqual(['awarded', 'awarded', 'awarded', 'awarded']);
  expect((await tablesOf(world.postgres, [userId]))['days']).toEqual([
    { user_id: userId, day: '2026-03-12', kind: 'active' },
    { user_id: userId, day: '2026-03-13', kind: 'active' },
  ]);
  expect((await world.ledger.readPlayer(userId))?.streak).toMatchObject({ current: 2, freezesLeft: 2 });
});

describe('people', () => {
  test('who never signed in, or left, get nothing; the others of the batch do', async () => {
    const [here, gone] = [await world.addUser(), await world.addUser()];
    await settle(analysis(gone));
    await world.leave(gone);
    const stranger = 'did:plc:nobodyhasthisone';
    const deeds = [analysis(stranger), analysis(here), analysis(gone), analysis(here)];
    expect(await settle(...deeds)).toEqual(['unknown user', 'awarded', 'left', 'awarded']);
    expect([await xpOf(stranger), await xpOf(here), await xpOf(gone)]).toEqual([undefined, 75, undefined]);
    expect(await rowsOf(gone)).toHaveLength(3);
  });

  test('who bring somebody get 100, once', async () => {
    const userId = await world.addUser();
    const deed: Deed = {
      kind: 'referral',
      userId,
      newUserId: 'did:plc:new',
      atMs: NOON,
      correlationId: 'c',
      causationId: 'e',
    };
    expect(await settle(deed)).toEqual(['awarded']);
    expect(await settle(deed, { ...deed, atMs: NOON + 1 })).toEqual(['known', 'known']);
    expect(await world.ledger.readPlayer(userId)).toMatchObject({ referrals: 1 });
    expect((await rowsOf(userId))[0]).toMatch(/^referral_signup\/[0-9a-f-]{36} 100$/);
  });

  test('figures of the index are kept, with the time, and unlock', async () => {
    const userId = await world.addUser();
    const cause = { userId, atMs: NOON, correlationId: 'c', causationId: '' };
    await settle({ kind: 'recheck', ...cause, networkSize: 1_000_000, trackedUsers: 7 });
    const player = await world.ledger.readPlayer(userId);
    expect(player).toMatchObject({ networkSize: 1_000_000, trackedUsers: 7, networkAtMs: world.clock.nowMs() });
    expect([...(player?.unlocked ?? [])]).not.toEqual([]);
    expect(player?.xpTotal).toBeGreaterThan(0);
    // Without figures they stay, and so does the time.
    await world.clock.advance(60_000);
    expect(await settle({ kind: 'recheck', ...cause })).toEqual(['known']);
    expect(await world.ledger.readPlayer(userId)).toEqual(player);
    expect(await settle({ kind: 'recheck', ...cause, networkSize: 1_000_000, trackedUsers: 7 })).toEqual(['known']);
    const askedAtMs = world.clock.nowMs();
    expect((await world.ledger.readPlayer(userId))?.networkAtMs).toBe(askedAtMs);
    await world.clock.advance(60_000);
    await settle(analysis(userId));
    expect((await world.ledger.readPlayer(userId))?.networkAtMs).toBe(askedAtMs);
  });
});

describe('a transaction that does not end', () => {
  // Each of the writes, and the commit's last word.
  test.each([
    'xp_transactions \\(',
    'players AS p',
    'weekly_xp',
    'INTO streaks',
    'streak_days',
    'user_achievements',
    'outbox',
  ])('at %s leaves nothing, and the same again counts once', async (table) => {
    const userId = await world.addUser();
    const deeds = [analysis(userId, { lens: 'flow' }), analysis(userId)];
    const before = await world.count('outbox');
    const broken = world.ledgerOn(
      failingAt(world.postgres, new RegExp(`INSERT ${/INTO/.test(table) ? '' : 'INTO '}${table}`)),
    );
    await expect(broken.settle(deeds)).rejects.toThrow(StoreAwayError);
    expect(world.offered).toEqual([]);
    expect(await world.count('outbox')).toBe(before);
    const left = await tablesOf(world.postgres, [userId]);
    expect(Object.values(left).flat()).toEqual([]);
    expect(await world.ledger.settle(deeds)).toEqual(['awarded', 'awarded']);
    expect(await xpOf(userId)).toBe(10 + 50 + 5 + 25 + 10);
  });
});

test('a deed on which our own rules fail is not taken for a database that is away', async () => {
  const userId = await world.addUser();
  const failing = settle(analysis(userId, { atMs: Number.NaN }));
  await expect(failing).rejects.toThrow(/^the rules failed: /);
  await expect(failing).rejects.not.toBeInstanceOf(StoreAwayError);
});

describe('the events', () => {
  test('stand in the outbox as they were offered', async () => {
    const userId = await world.addUser();
    await settle(analysis(userId, { lens: 'flow' }));
    const { rows } = await world.postgres.query<{ event_id: string; subject: string; bytes: Uint8Array }>(
      'SELECT event_id, subject, bytes FROM outbox WHERE event_id = ANY($1)',
      [world.offered.map(({ eventId }) => eventId)],
    );
    const bytesOf = new Map(rows.map((row) => [row.event_id, Buffer.from(row.bytes).toString('hex')]));
    expect(world.offered.map(({ eventId }) => bytesOf.get(eventId))).toEqual(
      world.offered.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
    );
    const xp = ['xpEarned', 'realtimeXpEarned'];
    const unlocked = ['achievementUnlocked', 'realtimeAchievementUnlocked'];
    // The analysis, the first ever, the day; then the achievement and what it brings.
    expect(world.offered.map((event) => read(event).name)).toEqual([...xp, ...xp, ...xp, ...unlocked, ...xp]);
  });
});
