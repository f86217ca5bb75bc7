import { createRandom, type Random } from '#testing/simulator/random.ts';
import { type DayNumber, dayNumberOf, mondayOf } from './model/calendar.ts';
import type { Fact, Phase, World } from './model/facts.ts';
import type { History } from './world.ts';

/** A fact on its way: the first time, or once more as another message (a bus that forgot, a publisher that was not sure). */
export interface Told {
  readonly fact: Fact;
  readonly copy: number;
}

/** What is told before the next judgement, in the order of the bus. */
export interface Round {
  readonly messages: readonly Told[];
  /** The day at whose end it is told. */
  readonly lastDay: DayNumber;
  readonly judged: readonly DayNumber[];
}

export interface DeliveryOptions {
  readonly seed: number;
  /** How many days are told together; by `pick`. More than one: nobody listened meanwhile. */
  readonly roundDays: readonly number[];
  /** How many messages one may be ahead of its place. */
  readonly disorder: number;
  readonly duplicates: number;
  /** Share of the analyses that are told one or two rounds after their own. */
  readonly late: number;
}

export const ORDERLY: Omit<DeliveryOptions, 'seed'> = { roundDays: [1], disorder: 0, duplicates: 0, late: 0 };
export const DISTURBED: Omit<DeliveryOptions, 'seed'> = {
  roundDays: [1, 1, 1, 2, 3, 4],
  disorder: 100,
  duplicates: 0.1,
  late: 0.03,
};

/** How the history is told. */
export const deliver = (history: History, options: DeliveryOptions): readonly Round[] => {
  const random = createRandom(options.seed);
  const ends = roundEnds(random, history, options.roundDays);
  const told: Told[][] = ends.map(() => []);
  for (const fact of inTime(history)) {
    const own = Math.max(
      0,
      ends.findIndex((end) => dayNumberOf(fact.atMs) <= end),
    );
    const round = fact.kind === 'analysis' && random.chance(options.late) ? later(random, fact, own, ends) : own;
    told[round]?.push({ fact, copy: 0 });
    if (!random.chance(options.duplicates)) continue;
    // Some come again days later.
    const again = random.chance(0.3) ? random.between(round, ends.length - 1) : round;
    for (let copy = random.between(1, 2); copy > 0; copy -= 1) told[again]?.push({ fact, copy });
  }
  return ends.map((end, index) => {
    const start = index === 0 ? history.firstDay : (ends[index - 1] ?? 0) + 1;
    return {
      messages: disordered(random, told[index] ?? [], options.disorder),
      lastDay: end,
      judged: Array.from({ length: end - start + 1 }, (_, nth) => start + nth),
    };
  });
};

/** What the model is told of it: it does not care for order or repetition within a round. */
export const worldOf = (history: History, rounds: readonly Round[]): World => ({
  people: history.people,
  phases: rounds.map(({ messages, judged }): Phase => ({ facts: messages.map(({ fact }) => fact), judged })),
});

const inTime = ({ registered, tierChanges, analyses }: History): Fact[] =>
  [...registered, ...tierChanges, ...analyses].toSorted((one, other) => one.atMs - other.atMs);

const roundEnds = (random: Random, { firstDay, days }: History, lengths: readonly number[]): DayNumber[] => {
  const ends: DayNumber[] = [];
  for (let day = firstDay - 1; day < firstDay + days - 1;) {
    day = Math.min(day + random.pick(lengths), firstDay + days - 1);
    ends.push(day);
  }
  return ends;
};

/** Not after its week is over: what the week's archive says is then decided by who was first. */
const later = (random: Random, fact: Fact, own: number, ends: readonly DayNumber[]): number => {
  const sunday = mondayOf(dayNumberOf(fact.atMs)) + 6;
  const wanted = own + random.between(1, 2);
  for (let round = Math.min(wanted, ends.length - 1); round > own; round -= 1) {
    if ((ends[round - 1] ?? Infinity) < sunday) return round;
  }
  return own;
};

const disordered = (random: Random, told: readonly Told[], disorder: number): Told[] =>
  told
    .map((one, index) => ({ one, place: index + random.float() * disorder }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one);
