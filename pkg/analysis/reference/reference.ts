import { z } from 'zod';
import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import type { Measure } from '../measure.ts';
import { scoreSpecs } from '../measuring.ts';
import { countBelow, distribution, distributionOf } from './distribution.ts';

const lensReference = z.object({
  /** One a part, in the parts' order. */
  parts: z.array(distribution),
  /** Raw scores of the same accounts among themselves. */
  raws: distribution,
});

/** What the active accounts of one window measure. Scores are places among them. */
export const reference = z.object({
  computedAtMs: z.number(),
  accounts: z.number(),
  lenses: z.record(z.enum(LENSES), lensReference),
});
export type Reference = z.infer<typeof reference>;
export type LensReference = z.infer<typeof lensReference>;

/** How many accounts have less in each part. */
export const belowInParts = ({ parts }: Pick<LensReference, 'parts'>, { values }: Measure): number[] =>
  values.map((value, at) => {
    const part = parts[at];
    return part === undefined ? 0 : countBelow(part, value);
  });

/**
 * The score before rounding, as a whole number: times ten, divided by a hundred times the accounts, it is 0 to 10. Whole
 * numbers compare and add up exactly, whatever the order.
 */
export const rawScore = (lens: Lens, of: Pick<LensReference, 'parts'>, measure: Measure): number =>
  belowInParts(of, measure).reduce((sum, below, at) => sum + below * (scoreSpecs[lens].parts[at]?.hundredths ?? 0), 0);

/** The reference of one lens from the measures of its accounts. */
export const lensReferenceOf = (lens: Lens, measures: readonly Measure[]): LensReference => {
  const parts = scoreSpecs[lens].parts.map((_, at) => distributionOf(measures.map(({ values }) => values[at] ?? 0)));
  return { parts, raws: distributionOf(measures.map((measure) => rawScore(lens, { parts }, measure))) };
};
