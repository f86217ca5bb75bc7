import { isDeepStrictEqual } from 'node:util';
import { derivedEventId } from '#pkg/bus/events.ts';
import { dayNumberOf, dayText, mondayOf } from './model/calendar.ts';
import type { Person } from './model/facts.ts';
import { analysisXp, multiplierOf, type Outcome } from './model/model.ts';
import type { Stored, StoredRow } from './stored.ts';

/** Collects what is wrong; a run with many wrong numbers says the first of them. */
export class Findings {
  readonly #all: string[] = [];

  same(what: string, found: unknown, wanted: unknown): void {
    if (!isDeepStrictEqual(found, wanted)) this.#all.push(`${what}: ${shown(found)}, not ${shown(wanted)}`);
  }

  add(what: string): void {
    this.#all.push(what);
  }

  toString(): string {
    const [most, more] = [this.#all.slice(0, 15), this.#all.length - 15];
    return [...most, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  }
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 300);
const sorted = (texts: Iterable<string>): string[] => [...texts].toSorted();

/** The differences of two sets of names: a whole list would hide them. */
export const compareSets = (findings: Findings, what: string, { found, wanted }: Compared): void => {
  const [has, needs] = [new Set(found), new Set(wanted)];
  const missing = [...needs].filter((each) => !has.has(each));
  const extra = [...has].filter((each) => !needs.has(each));
  if (missing.length > 0) findings.add(`${what}: ${missing.length} missing, as ${shown(missing.slice(0, 3))}`);
  if (extra.length > 0) findings.add(`${what}: ${extra.length} too many, as ${shown(extra.slice(0, 3))}`);
};

interface Compared {
  readonly found: Iterable<string>;
  readonly wanted: Iterable<string>;
}

const by = <T extends { readonly userId: string }>(all: readonly T[]): Map<string, T[]> =>
  Map.groupBy(all, (one) => one.userId);

/**
 * The ledger and all that is made of it in Postgres, against the model. `orderly`: everything was told in its order, so every
 * single row of a streak can be foretold, and not only their sum.
 */
export const verifyLedger = (
  stored: Stored,
  {
    people,
    outcomes,
    orderly,
  }: { people: readonly Person[]; outcomes: ReadonlyMap<string, Outcome>; orderly: boolean },
): Findings => {
  const findings = new Findings();
  const [ledger, days, unlocks] = [by(stored.ledger), by(stored.days), by(stored.unlocks)];
  const [players, streaks, weekly] = [by(stored.players), by(stored.streaks), by(stored.weekly)];
  const known = new Set(people.filter(({ account }) => account === 'here').map(({ userId }) => userId));
  for (const userId of [...ledger.keys(), ...players.keys(), ...days.keys(), ...weekly.keys()]) {
    if (!known.has(userId)) findings.add(`somebody who is not here has something: ${userId}`);
  }
  for (const [userId, outcome] of outcomes) {
    const rows = ledger.get(userId) ?? [];
    const slugs = new Set((unlocks.get(userId) ?? []).map(({ slug }) => slug));
    const about = (what: string): string => `${what} of ${userId}`;
    verifyRows(findings, rows, { outcome, slugs, orderly, about });
    const player = players.get(userId)?.[0];
    const total = outcome.total(slugs);
    const { life } = outcome;
    findings.same(about('XP'), player?.total ?? 0, total);
    findings.same(about('analyses'), player?.analyses ?? 0, life.analyses.size);
    findings.same(about('referrals'), player?.referrals ?? 0, life.brought.size);
    const lenses = sorted(new Set([...life.analyses.values()].map(({ lens }) => lens)));
    findings.same(about('lenses'), player?.lenses ?? [], lenses);
    const last = life.lastDay();
    const streak = streaks.get(userId)?.[0];
    findings.same(about('streak'), streak?.current ?? 0, outcome.current);
    findings.same(about('longest streak'), streak?.longest ?? 0, outcome.longest);
    findings.same(about('last day'), streak?.lastDay ?? null, last === undefined ? null : dayText(last));
    findings.same(about('freezes left'), streak?.freezesLeft ?? 0, life.freezesLeft);
    const kinds = (days.get(userId) ?? []).map(({ day, kind }) => `${day} ${kind}`);
    const wanted = [...life.days].map(([day, kind]) => `${dayText(day)} ${kind}`);
    compareSets(findings, about('days'), { found: kinds, wanted });
    const { must, may } = outcome.verdict(slugs);
    compareSets(findings, about('achievements'), {
      found: slugs,
      wanted: new Set([...must, ...may].filter((slug) => must.has(slug) || slugs.has(slug))),
    });
    const weeks = (weekly.get(userId) ?? []).map(({ week, xp }) => `${week} ${xp}`);
    compareSets(findings, about('weeks'), { found: weeks, wanted: weeksOf(rows) });
  }
  return findings;
};

interface Wanted {
  readonly outcome: Outcome;
  readonly slugs: ReadonlySet<string>;
  readonly orderly: boolean;
  readonly about: (what: string) => string;
}

const verifyRows = (
  findings: Findings,
  rows: readonly StoredRow[],
  { outcome, slugs, orderly, about }: Wanted,
): void => {
  const { life, xp } = outcome;
  let running = 0;
  for (const row of rows) {
    running += row.delta;
    if (row.total !== running) findings.same(about(`running total at ${row.type} ${row.eventId}`), row.total, running);
  }
  const names = rows.map(({ type, eventId }) => `${type}/${eventId}`);
  if (new Set(names).size !== names.length) findings.add(about('a row stands there twice: ledger'));
  compareSets(findings, about('ledger'), { found: names, wanted: wantedNames(outcome, slugs) });
  const sumOf = (type: string, isFirst = false): number =>
    rows.reduce(
      (sum, row) => sum + (row.type === type && (row.eventId === 'first_analysis') === isFirst ? row.delta : 0),
      0,
    );
  findings.same(about('XP of the days'), sumOf('daily_streak'), xp.streaks);
  findings.same(about('XP of the referrals'), sumOf('referral_signup'), xp.referrals);
  findings.same(about('XP of the analyses'), sumOf('timeline_analyzed'), xp.analyses);
  findings.same(about('XP of the first'), sumOf('timeline_analyzed', true), xp.first);
  for (const row of rows) {
    const fact = row.type === 'timeline_analyzed' ? life.analyses.get(row.eventId) : undefined;
    if (fact === undefined) continue;
    const found = [row.delta, row.multiplier, row.atMs, row.isBonus];
    findings.same(about(`analysis ${fact.id}`), found, [
      analysisXp(fact.tier),
      multiplierOf(fact.tier),
      fact.atMs,
      false,
    ]);
  }
  if (!orderly) return;
  for (const day of life.activeDays()) {
    const row = rows.find(({ type, eventId }) => type === 'daily_streak' && eventId === `day:${dayText(day)}`);
    findings.same(about(`XP of ${dayText(day)}`), row?.delta, 5 * life.streakAt(day));
  }
};

const wantedNames = ({ life }: Outcome, slugs: ReadonlySet<string>): string[] => {
  const day = (fact: string, each: number): string => `daily_streak/${fact}:${dayText(each)}`;
  return [
    ...[...life.analyses.keys()].map((id) => `timeline_analyzed/${id}`),
    ...(life.analyses.size > 0 ? ['timeline_analyzed/first_analysis'] : []),
    ...[...life.brought].map((newUser) => `referral_signup/${derivedEventId('referral', newUser)}`),
    ...[...slugs].map((slug) => `achievement_unlocked/${slug}`),
    ...life.activeDays().map((each) => day('day', each)),
    ...life.frozen.map((each) => day('freeze', each)),
    ...life.missed.map((missed) => day('missed', missed.day)),
    ...life.granted.map((each) => day('freezes', each)),
  ];
};

/** Of the ledger itself, by the times of its rows: `2026-03-09 120`. */
export const weeksOf = (rows: readonly StoredRow[]): string[] => {
  const sums = new Map<string, number>();
  for (const { atMs, delta } of rows) {
    const monday = dayText(mondayOf(dayNumberOf(atMs)));
    sums.set(monday, (sums.get(monday) ?? 0) + delta);
  }
  return [...sums].filter(([, xp]) => xp !== 0).map(([monday, xp]) => `${monday} ${xp}`);
};
