import { composeSql } from '../sql/compose.ts';
import { numberOf, type ScoreSpec } from '../measure.ts';

const bestHours = 3;
const slots = 24;

/** See docs/algorithms.md: skypoints of the best three hours of the day, and how many of 24 slots have a post. */
export const flowScore: ScoreSpec = {
  lens: 'flow',
  parts: [
    { name: 'peak', hundredths: 50 },
    { name: 'consistency', hundredths: 50 },
  ],
  statements: [composeSql('sql/apart', 'sql/own-posts', 'flow/score')],
  windowsBack: 0,
  measure: (row) => {
    const [hours, points] = row['by_hour'] as [number[], string[]];
    const best = hours
      .map((hour, at) => ({ hour, skypoints: numberOf(points[at]) }))
      .filter(({ skypoints }) => skypoints > 0)
      .sort((one, other) => other.skypoints - one.skypoints || one.hour - other.hour)
      .slice(0, bestHours);
    return {
      values: [best.reduce((sum, { skypoints }) => sum + skypoints, 0), (row['slots'] as unknown[]).length / slots],
      peakHours: best.map(({ hour }) => hour),
    };
  },
};
