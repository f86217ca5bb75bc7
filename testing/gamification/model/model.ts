import type { Tier } from '#pkg/contracts/tiers.ts';
import { type DayNumber, dayNumberOf, endMsOf, isFirstOfMonth, startMsOf } from './calendar.ts';
import { rewardOf, type Verdict, verdictOf } from './criteria.ts';
import type { Fact, Person, World } from './facts.ts';
import { Life } from './life.ts';

/** What must stand in the end about one person. */
export interface Outcome {
  readonly life: Life;
  /** XP of the analyses alone, of the first one ever, of the referrals, of all days together. */
  readonly xp: {
    readonly analyses: number;
    readonly first: number;
    readonly referrals: number;
    readonly streaks: number;
  };
  readonly current: number;
  readonly longest: number;
  /** What must and may be unlocked, where these were: some depend on what was counted first. */
  readonly verdict: (unlocked: ReadonlySet<string>) => Verdict;
  /** All XP, with these achievements. */
  readonly total: (unlocked: ReadonlySet<string>) => number;
}

/** Domain figures, from the specification. */
const AMOUNTS = { analysis: 10, first: 50, referral: 100, streakDay: 5, level: 1_000 } as const;

/** Times 100; written out, so that a slip in the product's table shows. */
const MULTIPLIERS: Readonly<Record<Tier, number>> = { drift: 100, lift: 150, jet: 200, orbit: 300 };
const FREEZES: Readonly<Record<Tier, number>> = { drift: 0, lift: 0, jet: 3, orbit: 3 };

export const analysisXp = (tier: Tier): number => (AMOUNTS.analysis * MULTIPLIERS[tier]) / 100;
export const multiplierOf = (tier: Tier): number => MULTIPLIERS[tier];

/**
 * Goes through the calendar from its first day to its last, and says how it must end for everybody who is here. Nothing is
 * added up on the way: the sums are made of the facts and days at the end.
 */
export const outcomeOf = (world: World): ReadonlyMap<string, Outcome> => {
  const here = world.people.filter(({ account }) => account === 'here');
  const lives = new Map(here.map(({ userId }) => [userId, new Life(userId)]));
  for (const { facts, judged } of world.phases) {
    for (const fact of facts) tell(lives, fact);
    for (const day of judged) {
      for (const life of lives.values()) judge(life, day);
      if (isFirstOfMonth(day + 1)) for (const life of lives.values()) grant(life, day + 1);
    }
  }
  return new Map(
    here.map((person) => {
      const life = lives.get(person.userId) ?? new Life(person.userId);
      return [person.userId, sumUp(life, person)];
    }),
  );
};

const tell = (lives: ReadonlyMap<string, Life>, fact: Fact): void => {
  lives.get(fact.userId)?.tell(fact, dayNumberOf(fact.atMs));
  // Whoever left again has come all the same.
  if (fact.kind === 'registered' && fact.referrerId !== fact.userId) {
    lives.get(fact.referrerId)?.brought.add(fact.userId);
  }
};

/**
 * Concerns whoever had a streak until the day before; and a streak that only came to light after its days were judged: those
 * are judged now, in their order, until one is missed.
 */
const judge = (life: Life, day: DayNumber): void => {
  const last = life.lastDay();
  if (last === undefined) return;
  const from = Math.min(last + 1, day);
  for (let each = from; each <= day; each += 1) {
    if (life.days.has(each) || !life.days.has(each - 1) || life.hasMissed(each)) return;
    judgeOne(life, each);
  }
};

const judgeOne = (life: Life, day: DayNumber): void => {
  if (FREEZES[life.tierAt(endMsOf(day))] > 0 && life.freezesLeft > 0) {
    life.freezesLeft -= 1;
    life.frozen.push(day);
    life.days.set(day, 'frozen');
  } else {
    life.missed.push({ day, previous: life.streakAt(day - 1) });
  }
};

const grant = (life: Life, first: DayNumber): void => {
  const freezes = FREEZES[life.tierAt(startMsOf(first))];
  if (freezes === 0) return;
  life.freezesLeft = freezes;
  life.granted.push(first);
};

const sumUp = (life: Life, person: Person): Outcome => {
  const streaks = life.activeDays().map((day) => life.streakAt(day));
  const analyses = [...life.analyses.values()];
  const last = life.lastDay();
  const longest = Math.max(0, ...streaks);
  const xp = {
    analyses: sum(analyses.map(({ tier }) => analysisXp(tier))),
    first: analyses.length > 0 ? AMOUNTS.first : 0,
    referrals: life.brought.size * AMOUNTS.referral,
    streaks: sum(streaks.map((streak) => streak * AMOUNTS.streakDay)),
  };
  const earned = sum(Object.values(xp));
  const { networkSize, trackedUsers } = person;
  const figures = { life, longest, networkSize, trackedUsers, finalTier: life.tierAt(Infinity) };
  // Also where it only came to light after its days were judged: the next judgement looks at it.
  const isAlive = last !== undefined && !life.hasMissed(last + 1);
  return {
    life,
    xp,
    current: isAlive ? life.streakAt(last) : 0,
    longest,
    verdict: (unlocked) => verdictOf(figures, earned, unlocked),
    total: (unlocked) => earned + rewardOf(unlocked),
  };
};

export const levelOf = (total: number): number => Math.max(0, Math.floor(total / AMOUNTS.level));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
