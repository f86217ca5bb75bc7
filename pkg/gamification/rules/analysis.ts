import type { AnalysisDeed } from '../model.ts';
import type { Moment } from './achievements/criteria.ts';
import { analysisXp, FIRST_ANALYSIS_XP, multiplierOf, streakXp } from './amounts.ts';
import { dayOf, nextDay } from './days.ts';
import type { Draft } from './draft.ts';
import { analysisKey, FIRST_ANALYSIS, firstAnalysisKey, streakKey } from './ledger-ids.ts';
import { addStreakRow, daysText, madeUp } from './streak-rows.ts';

/** An analysis, the very first one, and the day on which it was. Undefined where it is known. */
export function applyAnalysis(draft: Draft, deed: AnalysisDeed): Moment | undefined {
  const key = analysisKey(deed.eventId);
  if (draft.knows(key)) return undefined;
  const isFirst = !draft.knows(firstAnalysisKey);
  draft.analyses += 1;
  draft.addLens(deed.lens);
  draft.addRow(deed, key, {
    xpDelta: analysisXp(deed.tier),
    xpMultiplier: multiplierOf(deed.tier),
    reason: `Analysis (${deed.lens})`,
    metadata: { lens: deed.lens, score: deed.score, tier: deed.tier },
  });
  if (isFirst) {
    draft.addRow(deed, firstAnalysisKey, {
      xpDelta: FIRST_ANALYSIS_XP,
      reason: 'First analysis',
      metadata: {},
      bonusReason: FIRST_ANALYSIS,
    });
  }
  return { analysis: deed, backAfter: markActive(draft, deed) };
}

/** The day counts. Returns how long the longest streak was, where the user is back after a streak was broken; else 0. */
function markActive(draft: Draft, deed: AnalysisDeed): number {
  const day = dayOf(deed.atMs);
  if (draft.knows(streakKey('day', day))) return 0;
  const before = draft.streak;
  const placed = draft.place(day, 'active');
  addStreakRow(
    draft,
    deed,
    { fact: 'day', day },
    {
      xpDelta: streakXp(placed.streak) + streakXp(placed.gained),
      reason: `Streak of ${daysText(placed.streak)}${madeUp(placed.gained)}`,
      metadata: { day, streak: placed.streak },
      bonusReason: 'daily_streak',
    },
  );
  const wasBroken = before.lastDay !== null && before.current === 0;
  // The first streak of that length that broke was the longest until then: so this is "ever lost one of that length".
  return wasBroken && before.lastDay !== null && day > nextDay(before.lastDay) ? before.longest : 0;
}
