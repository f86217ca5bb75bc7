import { composeSql } from '../sql/compose.ts';
import { numberOf, type ScoreRow, type ScoreSpec } from '../measure.ts';

const gainedOf = (row: ScoreRow | undefined): number => numberOf(row?.['skypoints']) + numberOf(row?.['gained']);

/** See docs/algorithms.md: Flux (followers), Impact (skypoints a post), Boost (growth on the window before). */
export const pulseScore: ScoreSpec = {
  lens: 'pulse',
  parts: [
    { name: 'flux', hundredths: 40 },
    { name: 'impact', hundredths: 35 },
    { name: 'boost', hundredths: 25 },
  ],
  statements: [composeSql('sql/apart', 'sql/own-posts', 'pulse/score'), composeSql('pulse/followers')],
  windowsBack: 1,
  measure: (row, before) => {
    const gained = { now: gainedOf(row), before: gainedOf(before) };
    return {
      values: [
        numberOf(row['followers']),
        numberOf(row['skypoints']) / numberOf(row.posts),
        (1 + gained.now) / (1 + gained.before),
      ],
      gained,
    };
  },
};
