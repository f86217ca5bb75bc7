import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LENSES } from '#pkg/contracts/lens.ts';
import { TIERS } from '#pkg/contracts/tiers.ts';
import type { AnalysisDeed, Deed, ReferralDeed } from '../model.ts';
import { analysis, DAY_MS, type LedgerWorld, NOON, oneByOne, openLedgerWorld, tablesOf } from './ledger-for-tests.ts';

let world: LedgerWorld;
beforeAll(async () => {
  world = await openLedgerWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

/** Numbers that follow from a seed, so that a failure can be looked at again. */
function numbersFrom(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Number = ReturnType<typeof numbersFrom>;
const pick = <T>(number: Number, from: readonly T[]): T => from[number(from.length)] as T;

/** Analyses and referrals over some weeks, the order of whose days is kept only roughly; one in four is there twice or more. */
function someDeeds(number: Number, userIds: readonly string[]): (AnalysisDeed | ReferralDeed)[] {
  const deeds: (AnalysisDeed | ReferralDeed)[] = [];
  for (let at = 0; at < 120; at += 1) {
    const day = Math.max(0, Math.floor(at / 4) - number(5));
    const atMs = NOON + day * DAY_MS + number(DAY_MS / 2);
    const userId = pick(number, userIds);
    if (number(10) === 0) {
      const newUserId = `did:plc:new${number(20)}`;
      deeds.push({ kind: 'referral', userId, newUserId, atMs, correlationId: 'c', causationId: 'e' });
    } else {
      const eventId = `analysis-${at}`;
      deeds.push(analysis(userId, { eventId, atMs, tier: pick(number, TIERS), lens: pick(number, LENSES) }));
    }
    while (number(4) === 0) deeds.push(pick(number, deeds));
  }
  return deeds;
}

function inBatches<T>(number: Number, all: readonly T[]): T[][] {
  const batches: T[][] = [];
  for (let at = 0; at < all.length; at += batches.at(-1)?.length ?? 1) batches.push(all.slice(at, at + 1 + number(40)));
  return batches;
}

function shuffled<T>(number: Number, all: readonly T[]): T[] {
  const rest = [...all];
  return all.map(() => rest.splice(number(rest.length), 1)[0] as T);
}

const AMOUNT = { drift: 10, lift: 15, jet: 20, orbit: 30 };

/** What a user's deeds bring but for achievements, counted without any of our rules: in whatever order they come. */
function tally(deeds: readonly Deed[]) {
  const analyses = new Map<string, AnalysisDeed>();
  const brought = new Set<string>();
  for (const deed of deeds) {
    if (deed.kind === 'analysis') analyses.set(deed.eventId, deed);
    if (deed.kind === 'referral') brought.add(deed.newUserId);
  }
  let xp = brought.size * 100 + (analyses.size > 0 ? 50 : 0);
  for (const { tier } of analyses.values()) xp += AMOUNT[tier];
  const days = [...new Set([...analyses.values()].map(({ atMs }) => Math.floor(atMs / DAY_MS)))].toSorted(
    (a, b) => a - b,
  );
  let streak = 0;
  let longest = 0;
  for (const [at, day] of days.entries()) {
    streak = days[at - 1] === day - 1 ? streak + 1 : 1;
    longest = Math.max(longest, streak);
    xp += 5 * streak;
  }
  return { xp, analyses: analyses.size, referrals: brought.size, days: days.length, streak, longest };
}

async function stored(userId: string) {
  const player = await world.ledger.readPlayer(userId);
  const { rows } = await world.postgres.query<{ xp: number; total: number; weekly: number; days: number }>(
    `SELECT
       coalesce(sum(xp_delta) FILTER (WHERE event_type <> 'achievement_unlocked'), 0)::int AS xp,
       coalesce(sum(xp_delta), 0)::int AS total,
       (SELECT coalesce(sum(xp), 0)::int FROM weekly_xp WHERE user_id = $1) AS weekly,
       (SELECT count(*) FROM streak_days WHERE user_id = $1) AS days
     FROM xp_transactions WHERE user_id = $1`,
    [userId],
  );
  const [sums] = rows;
  expect([sums?.total, sums?.weekly]).toEqual([player?.xpTotal, player?.xpTotal]);
  return {
    xp: sums?.xp,
    analyses: player?.analyses,
    referrals: player?.referrals,
    days: sums?.days,
    streak: player?.streak.current,
    longest: player?.streak.longest,
  };
}

/** Each running total is the one before it and the row's own XP. */
async function expectRunningTotals(userId: string): Promise<void> {
  let total = 0;
  for (const row of (await world.ledger.readLedger(userId, { limit: 10_000 })).toReversed()) {
    total += row.xpDelta;
    expect(row.xpTotal).toBe(total);
  }
}

const userNames = ['a', 'b', 'c', 'd'];
const freshUsers = async (label: string) => {
  const userIds = userNames.map((name) => `did:plc:${label}${name}`);
  for (const userId of userIds) await world.addUser({ userId });
  return userIds;
};
/** The same deeds, of other people. */
const of = (deeds: readonly Deed[], from: readonly string[], to: readonly string[]): Deed[] =>
  deeds.map((deed) => ({ ...deed, userId: to[from.indexOf(deed.userId)] ?? deed.userId }));

describe.each(Array.from({ length: 4 }, () => randomInt(2 ** 31)))('random deeds from seed %i', (seed) => {
  test('with duplicates in batches of any size are what each once, one by one, is', async () => {
    const number = numbersFrom(seed);
    const batched = await freshUsers(`batched${seed}`);
    const single = await freshUsers(`single${seed}`);
    const deeds = someDeeds(number, batched);
    for (const batch of inBatches(number, deeds)) await world.ledger.settle(batch);
    const once = [...new Map(deeds.map((deed) => [JSON.stringify(deed), deed])).values()];
    await oneByOne(world.ledger, of(once, batched, single));
    const text = JSON.stringify(await tablesOf(world.postgres, single)).replaceAll(`single${seed}`, `batched${seed}`);
    expect(await tablesOf(world.postgres, batched)).toEqual(JSON.parse(text, revive));
    for (const userId of batched) {
      expect(await stored(userId)).toEqual(tally(deeds.filter((deed) => deed.userId === userId)));
      await expectRunningTotals(userId);
    }
  });

  test('in any order are what an independent count says', async () => {
    const number = numbersFrom(seed + 1);
    const userIds = await freshUsers(`shuffled${seed}`);
    const deeds = someDeeds(number, userIds);
    for (const batch of inBatches(number, shuffled(number, deeds))) await world.ledger.settle(batch);
    for (const userId of userIds) {
      expect(await stored(userId)).toEqual(tally(deeds.filter((deed) => deed.userId === userId)));
      await expectRunningTotals(userId);
    }
  });
});

/** Moments came as Dates from the database. */
const revive = (_: string, value: unknown): unknown =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value) ? new Date(value) : value;
