import { BANDS, type Lens, type LensScore } from '#pkg/contracts/lens.ts';
import type { Measure } from './measure.ts';
import { scoreSpecs } from './measuring.ts';
import { countBelow } from './reference/distribution.ts';
import { belowInParts, rawScore, type Reference } from './reference/reference.ts';
import { nearest } from './rounding.ts';

const bandOf = (score: number): LensScore['band'] => BANDS.find(({ from }) => score >= from)?.name ?? 'Quiet';

const changePercentOf = ({ gained }: Measure): number | null =>
  gained === undefined || gained.before === 0 ? null : nearest(100 * (gained.now - gained.before), gained.before);

/** The score that a measure comes to among the accounts of the reference (at least one). `earlier`: the window before. */
export const scoreOf = (lens: Lens, measure: Measure, earlier: Measure | undefined, among: Reference): LensScore => {
  const { accounts, computedAtMs } = among;
  const own = among.lenses[lens];
  const raw = rawScore(lens, own, measure);
  const below = belowInParts(own, measure);
  // In tenths: score = 10 x raw / (100 x accounts); a percentile = 100 x below / accounts.
  const score = nearest(raw, accounts) / 10;
  return {
    score,
    band: bandOf(score),
    percentile: nearest(1000 * countBelow(own.raws, raw), accounts) / 10,
    change: earlier === undefined ? null : nearest(raw - rawScore(lens, own, earlier), accounts) / 10,
    parts: scoreSpecs[lens].parts.map(({ name, hundredths }, at) => ({
      name,
      value: measure.values[at] ?? 0,
      percentile: nearest(1000 * (below[at] ?? 0), accounts) / 10,
      weight: hundredths / 100,
    })),
    reference: { accounts, computed_at: new Date(computedAtMs).toISOString() },
    peak_hours: [...(measure.peakHours ?? [])],
    change_percent: changePercentOf(measure),
  };
};
