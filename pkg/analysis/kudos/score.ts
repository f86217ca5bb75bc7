import { composeSql } from '../sql/compose.ts';
import { numberOf, type ScoreSpec } from '../measure.ts';

/** Somebody who comes back counts as three. */
const returningBonus = 2;

/** See docs/algorithms.md: who replies and comes back, and mentions by others a day. */
export const kudosScore: ScoreSpec = {
  lens: 'kudos',
  parts: [
    { name: 'community', hundredths: 60 },
    { name: 'mentions', hundredths: 40 },
  ],
  statements: [
    composeSql('sql/apart', 'sql/own-posts', 'kudos/score'),
    composeSql('sql/apart', 'kudos/mentioned', 'kudos/mentions'),
  ],
  windowsBack: 0,
  measure: (row, _before, days) => ({
    values: [numberOf(row['repliers']) + returningBonus * numberOf(row['returning']), numberOf(row['mentions']) / days],
  }),
};
