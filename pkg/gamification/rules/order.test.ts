import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import { TIERS, type Tier } from '#pkg/contracts/tiers.ts';
import type { AnalysisDeed, Day, Deed } from '../model.ts';
import { ACHIEVEMENTS } from './achievements/catalogue.ts';
import type { Achievement } from './achievements/criteria.ts';
import { applyDeeds } from './apply-deed.ts';
import { newPlayer } from './new-player.ts';
import { rebuildState } from './rebuild-state.ts';
import { analysis, grant, judge, play, type Played, referral, userId } from './rules-for-tests.ts';

/*
 * Whatever the order in which the same things become known, they come to the same. What they come to is computed a second time here,
 * day by day from the days themselves, with nothing of the rules but the table of achievements.
 */

const dayMs = 86_400_000;

interface World {
  /** The first day, at the start of a period with the end of a month, of a year, or a leap day in it. */
  readonly start: number;
  readonly length: number;
  /** Of the user, at the end of each day. */
  readonly tiers: readonly Tier[];
  /** For achievements. */
  readonly tier: Tier;
  readonly analyses: readonly { day: number; ms: number; lens: Lens; tier: Tier; score: number | null }[];
  readonly referrals: number;
  /** Decides the order: one number for each analysis, judgement and referral. */
  readonly shuffle: readonly number[];
}

const length = 45;
const worlds: fc.Arbitrary<World> = fc.record({
  start: fc.constantFrom('2024-02-10', '2026-12-05', '2100-02-08', '2026-03-20').map((day) => Date.parse(day)),
  length: fc.constant(length),
  // Tiers change a few times in such a period, not daily.
  tiers: fc
    .array(fc.tuple(fc.constantFrom(...TIERS), fc.integer({ min: 1, max: length })), { minLength: 1, maxLength: 5 })
    .map((spans) => {
      const tiers = spans.flatMap(([tier, days]) => Array.from({ length: days }, () => tier));
      return Array.from({ length }, (_, index) => tiers[index % tiers.length]!);
    }),
  tier: fc.constantFrom(...TIERS),
  analyses: fc
    .tuple(
      fc.constantFrom(0.3, 0.7, 0.9),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: length, maxLength: length }),
    )
    .map(([share, draws]) => draws.flatMap((draw, day) => (draw < share ? [day] : [])))
    .chain((days) =>
      fc.tuple(
        ...days.flatMap((day) =>
          (day % 4 === 0 ? [day, day] : [day]).map((day) =>
            fc.record({
              day: fc.constant(day),
              ms: fc.oneof(fc.constantFrom(0, dayMs - 1), fc.integer({ min: 0, max: dayMs - 1 })),
              lens: fc.constantFrom(...LENSES),
              tier: fc.constantFrom(...TIERS),
              score: fc.option(fc.integer({ min: 0, max: 100 }).map((tenths) => tenths / 10)),
            }),
          ),
        ),
      ),
    ),
  referrals: fc.integer({ min: 0, max: 6 }),
  shuffle: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 200, maxLength: 200 }),
});

const dayAt = (world: World, index: number): Day => new Date(world.start + index * dayMs).toISOString().slice(0, 10);

const analysesOf = (world: World): AnalysisDeed[] =>
  world.analyses.map(({ day, ms, lens, tier, score }, index) =>
    analysis(new Date(world.start + day * dayMs + ms).toISOString(), {
      id: `analysis-${String(index)}`,
      lens,
      tier,
      score,
    }),
  );

/** The deeds of the calendar after one day: its judgement, and freezes where the next is a 1st. */
function calendar(world: World, index: number): Deed[] {
  const next = dayAt(world, index + 1);
  const tierThen = world.tiers[index + 1] ?? world.tiers[index]!;
  return [
    judge(dayAt(world, index), world.tiers[index]),
    ...(next.endsWith('-01') && (tierThen === 'jet' || tierThen === 'orbit') ? [grant(next, tierThen)] : []),
  ];
}

/** Everything when it happened. */
function inTime(world: World): Deed[] {
  const analyses = analysesOf(world);
  const days = Array.from({ length: world.length }, (_, index) => [
    ...analyses.filter((_, which) => world.analyses[which]!.day === index).toSorted((a, b) => a.atMs - b.atMs),
    ...calendar(world, index),
  ]);
  const referrals = Array.from({ length: world.referrals }, (_, index) => referral(`did:plc:${String(index)}`));
  return [...referrals, ...days.flat()];
}

/**
 * In any order that can be: analyses as they come; the calendar in its own order, and each judgement some time after all analyses of
 * its day and those before, since it waits for them.
 */
function shuffled(world: World): Deed[] {
  const keys = [...world.shuffle];
  const key = () => keys.pop() ?? 0;
  const placed: { at: number; deed: Deed }[] = analysesOf(world).map((deed) => ({ at: key(), deed }));
  let earliest = 0;
  for (let index = 0; index < world.length; index += 1) {
    for (const [which, one] of world.analyses.entries()) {
      if (one.day === index) earliest = Math.max(earliest, placed[which]!.at);
    }
    earliest += (1 - earliest) * key() * 0.1;
    for (const deed of calendar(world, index)) placed.push({ at: earliest, deed });
  }
  for (let index = 0; index < world.referrals; index += 1)
    placed.push({ at: key(), deed: referral(`did:plc:${String(index)}`) });
  return placed.toSorted((a, b) => a.at - b.at).map(({ deed }) => deed);
}

/** What it should come to. */
function expected(world: World) {
  const isActive = new Set(world.analyses.map(({ day }) => day));
  const days = new Map<Day, string>();
  const lost: { streak: number; day: number }[] = [];
  let [run, alive, longest, streakXp, freezes] = [0, false, 0, 0, 0];
  for (let index = 0; index < world.length; index += 1) {
    const hasFreezes = ['jet', 'orbit'].includes(world.tiers[index]!);
    if (isActive.has(index)) {
      run = alive ? run + 1 : 1;
      alive = true;
      longest = Math.max(longest, run);
      streakXp += 5 * run;
      days.set(dayAt(world, index), 'active');
    } else if (alive && hasFreezes && freezes > 0) {
      freezes -= 1;
      days.set(dayAt(world, index), 'frozen');
    } else if (alive) {
      lost.push({ streak: run, day: index });
      alive = false;
    }
    if (calendar(world, index).length > 1) freezes = 3;
  }
  const earned = { drift: 10, lift: 15, jet: 20, orbit: 30 };
  let xp = streakXp + 100 * world.referrals + (world.analyses.length > 0 ? 50 : 0);
  for (const { tier } of world.analyses) xp += earned[tier];
  const back = lost.filter(({ day }) => world.analyses.some((one) => one.day > day)).map(({ streak }) => streak);
  const figures = { longest, back: Math.max(0, ...back) };
  const unlocked = new Set<string>();
  for (let before = -1; before !== unlocked.size;) {
    before = unlocked.size;
    for (const one of ACHIEVEMENTS) {
      if (unlocked.has(one.slug) || !deserves(one, world, { ...figures, xp })) continue;
      unlocked.add(one.slug);
      xp += one.xpReward;
    }
  }
  return { xp, streakXp, days, unlocked, longest, lost, freezes, current: alive ? run : 0 };
}

function deserves(
  { criterion, tierRequired }: Achievement,
  world: World,
  figures: { longest: number; back: number; xp: number },
): boolean {
  if (tierRequired !== null && TIERS.indexOf(world.tier) < TIERS.indexOf(tierRequired)) return false;
  const { analyses } = world;
  if (criterion.type !== 'special') {
    const values = {
      timeline_count: analyses.length,
      xp_total: figures.xp,
      streak_days: figures.longest,
      unique_users_tracked: 0,
      network_size: 0,
      referrals: world.referrals,
    };
    return values[criterion.type] >= criterion.threshold;
  }
  const { config, threshold } = criterion;
  switch (config.special) {
    case 'lens':
      return analyses.some(({ lens }) => lens === config.lens);
    case 'lenses':
      return new Set(analyses.map(({ lens }) => lens)).size >= threshold;
    case 'hours':
      return analyses.some(({ ms }) => ms >= config.fromHour * 3_600_000 && ms < config.toHour * 3_600_000);
    case 'score':
      return analyses.some(
        ({ lens, score }) => score !== null && score >= threshold && (config.lens === null || config.lens === lens),
      );
    case 'back_after_streak':
      return figures.back >= threshold;
  }
}

const startOf = (world: World) => ({ ...newPlayer(userId), tier: world.tier });

/** What must be the same whatever the order was. */
const outcome = (played: Played) => ({
  xp: played.state.xpTotal,
  streakXp: played.rows.filter(({ type }) => type === 'daily_streak').reduce((sum, { xpDelta }) => sum + xpDelta, 0),
  days: played.state.days,
  unlocked: played.state.unlocked,
  longest: played.state.streak.longest,
  freezes: played.state.streak.freezesLeft,
  current: played.state.streak.current,
  lost: played.broken.map(({ previous, missedDay }) => ({ streak: previous, day: missedDay })),
});

const wanted = (world: World) => {
  const { lost, ...rest } = expected(world);
  return { ...rest, lost: lost.map(({ streak, day }) => ({ streak, day: dayAt(world, day) })) };
};

const check = (property: (world: World) => void) => fc.assert(fc.property(worlds, property), { numRuns: 200 });

describe('in whatever order', () => {
  test('in time: XP, streaks, days, unlocks and broken streaks are those computed from the days', () => {
    check((world) => {
      const played = play(inTime(world), startOf(world));
      expect(outcome(played)).toEqual(wanted(world));
      expect(played.lookups, 'all days are looked at').toBe(0);
    });
  });

  test('mixed up, with judgements late: the same', () => {
    check((world) => {
      expect(outcome(play(shuffled(world), startOf(world)))).toEqual(wanted(world));
    });
  });

  test('every deed a second and third time changes nothing', () => {
    check((world) => {
      const deeds = shuffled(world);
      const { state } = play(deeds, startOf(world));
      const again = play([...deeds.toReversed(), ...deeds], state);
      expect(again.rows).toEqual([]);
      expect(again.days).toEqual([]);
      expect(again.unlocks).toEqual([]);
      expect(again.broken).toEqual([]);
      expect({ ...again.state, days: state.days }).toEqual(state);
    });
  });

  test('each deed twice on the spot: as once', () => {
    check((world) => {
      const deeds = shuffled(world);
      const twice = play(
        deeds.flatMap((deed) => [deed, deed]),
        startOf(world),
      );
      expect(twice.rows).toEqual(play(deeds, startOf(world)).rows);
    });
  });

  test('a row of deeds at once is the same as one after the other, and leaves the state that it began with alone', () => {
    check((world) => {
      const deeds = shuffled(world);
      const start = startOf(world);
      const single = play(deeds, start);
      const atOnce = applyDeeds(start, deeds);
      expect(atOnce.state).toEqual(single.state);
      expect(atOnce.changes.flatMap(({ rows }) => rows)).toEqual(single.rows);
      expect(start).toEqual(startOf(world));
    });
  });

  test('the rows alone tell the state', () => {
    check((world) => {
      const played = play(shuffled(world), startOf(world));
      const rebuilt = rebuildState(JSON.parse(JSON.stringify(played.rows)));
      expect(rebuilt.wrongTotals).toBe(0);
      expect(rebuilt.unlocks).toEqual(played.unlocks);
      if (played.rows.length === 0) return;
      // Achievements are known by `unlocked`: their rows are in both.
      expect(rebuilt.state).toEqual({ ...played.state, tier: 'drift' });
    });
  });
});
