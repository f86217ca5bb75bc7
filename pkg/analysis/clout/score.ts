import { composeSql } from '../sql/compose.ts';
import { numberOf, type ScoreSpec } from '../measure.ts';

/** See docs/algorithms.md: how many others reacted, and reposts and quotes a post. */
export const cloutScore: ScoreSpec = {
  lens: 'clout',
  parts: [
    { name: 'reach', hundredths: 60 },
    { name: 'virality', hundredths: 40 },
  ],
  statements: [composeSql('sql/apart', 'sql/own-posts', 'clout/score')],
  windowsBack: 0,
  measure: (row) => ({
    values: [numberOf(row['reach']), numberOf(row['spread']) / numberOf(row.posts)],
  }),
};
