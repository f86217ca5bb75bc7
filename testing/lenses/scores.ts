import { BANDS, type Lens, type LensScore } from '#pkg/contracts/lens.ts';
import { type Facts, postsIn } from './facts.ts';
import { before, type Measure, measureOf, type Windows } from './measures.ts';
import { nearest } from './numbers.ts';

/** The accounts that scores are compared with are at most so many, those of the lowest ids. */
export const maxReferenceAccounts = 5_000;

/** All that the active accounts of a window measure. Making one is the slow part. */
export interface Reference {
  readonly measures: readonly Measure[];
  /** Raw scores of the same accounts among themselves, in `hundredths` times accounts. */
  readonly raws: readonly number[];
}

/** The active accounts with a post in the window. */
const activeAccounts = (facts: Facts, windows: Windows, actorIdOf: (did: string) => bigint): string[] => {
  const dids = [...new Set(postsIn(facts, windows.span).map(({ author }) => author))];
  if (dids.length <= maxReferenceAccounts) return dids;
  return dids.toSorted((one, other) => (actorIdOf(one) < actorIdOf(other) ? -1 : 1)).slice(0, maxReferenceAccounts);
};

/** How many accounts of a reference have less in each part, in the parts' order. */
const belowOf = (measures: readonly Measure[], { parts }: Measure): number[] =>
  parts.map(({ value }, at) => measures.filter((other) => (other.parts[at]?.value ?? Infinity) < value).length);

/** Ten times this, divided by a hundred times the accounts, is the score from 0 to 10. Whole numbers compare exactly. */
const rawOf = (measures: readonly Measure[], measure: Measure): number =>
  belowOf(measures, measure).reduce((sum, below, at) => sum + below * (measure.parts[at]?.hundredths ?? 0), 0);

/** The reference of a window. */
export const referenceOf = (
  facts: Facts,
  lens: Lens,
  windows: Windows,
  actorIdOf: (did: string) => bigint,
): Reference => {
  const measures = activeAccounts(facts, windows, actorIdOf).flatMap(
    (did) => measureOf(facts, did, lens, windows) ?? [],
  );
  return { measures, raws: measures.map((measure) => rawOf(measures, measure)) };
};

/** A score without the moment its reference was computed at. */
export type BareScore = Omit<LensScore, 'reference'> & { readonly reference: { readonly accounts: number } };

const bandOf = (score: number): LensScore['band'] => (BANDS.find(({ from }) => score >= from) ?? BANDS[5]).name;

const changePercentOf = (lens: Lens, { gained, gainedBefore }: Measure): number | null =>
  lens !== 'pulse' || gainedBefore === 0 ? null : nearest(100 * (gained - gainedBefore), gainedBefore);

/** The score of `did`, or the reason why there is none. */
export const scoreOf = (
  facts: Facts,
  { did, lens }: { readonly did: string; readonly lens: Lens },
  windows: Windows,
  reference: Reference,
): BareScore | 'no_posts_in_window' | 'no_reference' => {
  const measure = measureOf(facts, did, lens, windows);
  if (measure === undefined) return 'no_posts_in_window';
  const accounts = reference.measures.length;
  if (accounts === 0) return 'no_reference';
  const raw = rawOf(reference.measures, measure);
  const earlier = measureOf(facts, did, lens, before(windows));
  const below = belowOf(reference.measures, measure);
  // In tenths: score = 10 x raw / (100 x accounts), percentiles = 100 x below / accounts.
  const score = nearest(raw, accounts) / 10;
  return {
    score,
    band: bandOf(score),
    percentile: nearest(1000 * reference.raws.filter((other) => other < raw).length, accounts) / 10,
    change: earlier === undefined ? null : nearest(raw - rawOf(reference.measures, earlier), accounts) / 10,
    parts: measure.parts.map(({ name, value, hundredths }, at) => ({
      name,
      value,
      percentile: nearest(1000 * (below[at] ?? 0), accounts) / 10,
      weight: hundredths / 100,
    })),
    reference: { accounts },
    peak_hours: [...measure.peakHours],
    change_percent: changePercentOf(lens, measure),
  };
};
