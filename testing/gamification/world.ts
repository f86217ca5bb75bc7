import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import { TIERS, type Tier } from '#pkg/contracts/tiers.ts';
import { createRandom, type Random } from '#testing/simulator/random.ts';
import { type DayNumber, dayNumber, endMsOf, startMsOf } from './model/calendar.ts';
import type { AnalysisFact, Person, RegisteredFact, TierFact } from './model/facts.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly people: number;
  readonly analyses: number;
  readonly days: number;
  /** First day, `YYYY-MM-DD`; default: by seed one of those with an edge in sight. */
  readonly from?: string;
}

/** What happened in some weeks, before anybody decides in which order it is told. */
export interface History {
  readonly people: readonly Person[];
  readonly firstDay: DayNumber;
  readonly days: number;
  readonly registered: readonly RegisteredFact[];
  readonly tierChanges: readonly TierFact[];
  /** By time. */
  readonly analyses: readonly AnalysisFact[];
}

/** Before the end of a February of 29 days, of a year (of an ISO week 53 in the third), and of a short February. */
const STARTS = ['2024-02-12', '2025-12-08', '2026-02-09'];

/** How likely somebody is active on a day. */
const HABITS = [0.99, 0.99, 0.95, 0.8, 0.5, 0.15] as const;
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** The same world for the same options. */
export const makeHistory = (options: WorldOptions): History => {
  const random = createRandom(options.seed);
  const firstDay = dayNumber(options.from ?? random.pick(STARTS));
  const people = Array.from({ length: options.people }, (_, index) => makePerson(random, index));
  const lives = people.map((person) => makeLife(random, person, { firstDay, days: options.days, people }));
  const cameAt = new Map(lives.map(({ registered }) => [registered.userId, registered.atMs]));
  // Who is not here yet brings nobody; somebody may say that they brought themselves.
  const registered = lives.map((life) => {
    const { referrerId, atMs } = life.registered;
    return (cameAt.get(referrerId) ?? 0) <= atMs ? life.registered : { ...life.registered, referrerId: '' };
  });
  const analyses = fill(random, lives, options.analyses);
  const isOld = new Set(registered.filter(({ atMs }) => atMs < startMsOf(firstDay)).map(({ userId }) => userId));
  return {
    // Whoever opts out does so on the first day, and so was here by then.
    people: people.map((person) => ({ ...person, hidden: person.hidden && isOld.has(person.userId) })),
    firstDay,
    days: options.days,
    registered: registered.filter(({ userId }) => isKnown(people, userId)),
    tierChanges: lives.flatMap((life) => life.changes).filter(({ userId }) => isKnown(people, userId)),
    analyses: analyses.toSorted((one, other) => one.atMs - other.atMs),
  };
};

const isKnown = (people: readonly Person[], userId: string): boolean =>
  people.some((person) => person.userId === userId && person.account !== 'unknown');

const makePerson = (random: Random, index: number): Person => ({
  userId: `did:plc:${String(index)
    .padStart(4, '0')
    .replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')}${hex(random, 5).replaceAll(/[0189]/g, 'z')}`,
  account: random.chance(0.03) ? 'left' : random.chance(0.02) ? 'unknown' : 'here',
  hidden: random.chance(0.05),
  networkSize: random.pick([0, 9, 10, 99, 100, 101, 500, 1_000, 5_000, 20_000]),
  trackedUsers: random.pick([0, 1, 5, 10, 25, 50, 100, 1_000, 10_000]),
});

interface Span {
  readonly firstDay: DayNumber;
  readonly days: number;
  readonly people: readonly Person[];
}

/** One person: when they came, what their tier was when, and on which days they are active, each with its favourite hour. */
interface PersonLife {
  readonly person: Person;
  readonly registered: RegisteredFact;
  readonly changes: readonly TierFact[];
  readonly activeDays: readonly DayNumber[];
  readonly moment: (random: Random, day: DayNumber) => number;
  readonly lenses: readonly Lens[];
}

const makeLife = (random: Random, person: Person, span: Span): PersonLife => {
  const { firstDay, days, people } = span;
  const isOld = random.chance(0.7);
  const cameOn = isOld ? firstDay - random.between(1, 20) : firstDay + random.below(Math.ceil(days / 2));
  const habit = random.pick(HABITS);
  const from = Math.max(firstDay, cameOn + 1);
  const activeDays = Array.from({ length: firstDay + days - from }, (_, index) => from + index).filter(() =>
    random.chance(habit),
  );
  const tier = random.pick([...TIERS, 'jet'] as const);
  return {
    person,
    registered: {
      kind: 'registered',
      id: uuid(random),
      userId: person.userId,
      atMs: momentOfDay(random, cameOn),
      tier,
      referrerId: random.chance(0.25) ? random.pick(people).userId : '',
    },
    changes: makeChanges(random, { userId: person.userId, tier, from, until: firstDay + days }),
    activeDays,
    moment: random.pick([momentOfDay, momentOfDay, lastMoment, firstMoment]),
    lenses: random.chance(0.2) ? [random.pick(LENSES)] : LENSES,
  };
};

const momentOfDay = (random: Random, day: DayNumber): number => startMsOf(day) + random.below(24 * HOUR_MS);
/** 23:59:59.999 */
const lastMoment = (_: Random, day: DayNumber): number => endMsOf(day);
const firstMoment = (_: Random, day: DayNumber): number => startMsOf(day);

/** Tiers change at any time, also in the first and the last millisecond of a day; never twice at the same one. */
const makeChanges = (
  random: Random,
  { userId, tier, from, until }: { userId: string; tier: Tier; from: DayNumber; until: DayNumber },
): TierFact[] => {
  if (!random.chance(0.4) || from >= until) return [];
  const when = random.pick([momentOfDay, lastMoment, firstMoment]);
  const days = new Set(Array.from({ length: random.between(1, 4) }, () => random.between(from, until - 1)));
  let before = tier;
  return [...days]
    .toSorted((a, b) => a - b)
    .map((day) => {
      const to = random.pick(TIERS.filter((each) => each !== before));
      const fact: TierFact = {
        kind: 'tier_changed',
        id: uuid(random),
        userId,
        atMs: when(random, day),
        from: before,
        to,
      };
      before = to;
      return fact;
    });
};

/** One analysis for each active day, and further ones on days that are active anyway, up to `wanted`. */
const fill = (random: Random, lives: readonly PersonLife[], wanted: number): AnalysisFact[] => {
  const days = lives.flatMap((life) => life.activeDays.map((day) => ({ life, day })));
  if (days.length > wanted) throw new Error(`${days.length} active days need as many analyses, not ${wanted}`);
  const first = days.map(({ life, day }) => analysis(random, life, life.moment(random, day)));
  const busy = days.length === 0 ? [] : Array.from({ length: wanted - days.length }, () => random.pick(days));
  return [...first, ...busy.map(({ life, day }) => analysis(random, life, momentOfDay(random, day)))];
};

const analysis = (random: Random, life: PersonLife, atMs: number): AnalysisFact => {
  const { person, registered, changes } = life;
  // Asked for before it was answered: a change of the tier may lie between.
  const askedMs = atMs - random.below(30 * SECOND_MS);
  const tier = changes.findLast((change) => change.atMs <= askedMs)?.to ?? registered.tier;
  const score = random.chance(0.1) ? null : random.chance(0.05) ? 10 : random.below(101) / 10;
  return {
    kind: 'analysis',
    id: uuid(random),
    userId: person.userId,
    atMs,
    lens: random.pick(life.lenses),
    score,
    tier,
  };
};

const hex = (random: Random, words: number): string =>
  Array.from({ length: words }, () => random.bits().toString(16).padStart(8, '0').slice(0, 4)).join('');

export const uuid = (random: Random): string => {
  const digits = hex(random, 8);
  const variant = `8${digits.slice(17, 20)}`;
  return [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, variant, digits.slice(20)].join('-');
};
