import type { Lens } from '#pkg/contracts/lens.ts';
import { type Tier, tierIncludes } from '#pkg/contracts/tiers.ts';
import type { AnalysisDeed, PlayerState } from '../../model.ts';

/** How rare, from the most common on. */
export const RARITIES = ['common', 'uncommon', 'rare', 'epic', 'legendary'] as const;
export type Rarity = (typeof RARITIES)[number];

/** Numbers that are kept of every user. */
export const COUNTED = [
  'timeline_count',
  'xp_total',
  'streak_days',
  'unique_users_tracked',
  'network_size',
  'referrals',
] as const;
export const CRITERION_TYPES = [...COUNTED, 'special'] as const;
export type CriterionType = (typeof CRITERION_TYPES)[number];

/** What a criterion of type special is about. */
export type SpecialConfig =
  /** One analysis with this lens; threshold 1. */
  | { readonly special: 'lens'; readonly lens: Lens }
  /** Analyses with so many different lenses. */
  | { readonly special: 'lenses' }
  /** One analysis that ended from `fromHour` on and before `toHour` (UTC, 0 to 24, not over midnight); threshold 1. */
  | { readonly special: 'hours'; readonly fromHour: number; readonly toHour: number }
  /** One analysis with a score of at least the threshold, with this lens, or any where it is null. */
  | { readonly special: 'score'; readonly lens: Lens | null }
  /** Active again after a streak of at least so many days was broken. */
  | { readonly special: 'back_after_streak' };

/** When an achievement is unlocked: its value has reached the threshold. */
export type Criterion =
  | {
      readonly type: (typeof COUNTED)[number];
      readonly threshold: number;
      readonly config: Readonly<Record<string, never>>;
    }
  | { readonly type: 'special'; readonly threshold: number; readonly config: SpecialConfig };

export interface Achievement {
  /** Its name for good: rows of the ledger are named by it. */
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  /** An emoji. */
  readonly icon: string;
  readonly rarity: Rarity;
  readonly xpReward: number;
  /** Unlocked only while the user's tier includes this one. */
  readonly tierRequired: Tier | null;
  readonly criterion: Criterion;
}

/** What a deed was, for achievements that go by a single moment; nothing of it is remembered. */
export interface Moment {
  readonly analysis: AnalysisDeed | undefined;
  /** Where the user is active again after a broken streak: how long it was. Else 0. */
  readonly backAfter: number;
}

export interface Progress {
  /** How far; may be above the threshold. */
  readonly value: number;
  readonly threshold: number;
  /** Unlocked, or so far that the next deed unlocks it. */
  readonly met: boolean;
}

/** How far a user is. What goes by a single moment is 0 until it is unlocked. */
export function progressOf(achievement: Achievement, state: PlayerState, moment?: Moment): Progress {
  const { threshold } = achievement.criterion;
  const value = valueOf(achievement.criterion, state, moment);
  if (state.unlocked.has(achievement.slug)) return { value: Math.max(value, threshold), threshold, met: true };
  return { value, threshold, met: isMet(achievement, state, moment) };
}

/** Whether its criterion is met and the tier allows it, unlocked or not. */
export function isMet(achievement: Achievement, state: PlayerState, moment?: Moment): boolean {
  const { criterion, tierRequired } = achievement;
  if (valueOf(criterion, state, moment) < criterion.threshold) return false;
  return tierRequired === null || tierIncludes(state.tier, tierRequired);
}

function valueOf(criterion: Criterion, state: PlayerState, moment: Moment | undefined): number {
  switch (criterion.type) {
    case 'timeline_count':
      return state.analyses;
    case 'xp_total':
      return state.xpTotal;
    case 'streak_days':
      // The longest ever: whether a day becomes known early or late must not matter.
      return state.streak.longest;
    case 'unique_users_tracked':
      return state.trackedUsers ?? 0;
    case 'network_size':
      return state.networkSize ?? 0;
    case 'referrals':
      return state.referrals;
    case 'special':
      return specialValue(criterion.config, state, moment);
  }
}

function specialValue(config: SpecialConfig, state: PlayerState, moment: Moment | undefined): number {
  switch (config.special) {
    case 'lens':
      return state.lenses.has(config.lens) ? 1 : 0;
    case 'lenses':
      return state.lenses.size;
    case 'hours': {
      if (moment?.analysis === undefined) return 0;
      const hour = new Date(moment.analysis.atMs).getUTCHours();
      return hour >= config.fromHour && hour < config.toHour ? 1 : 0;
    }
    case 'score': {
      const { lens, score } = moment?.analysis ?? { lens: null, score: null };
      return score !== null && (config.lens === null || config.lens === lens) ? score : 0;
    }
    case 'back_after_streak':
      return moment?.backAfter ?? 0;
  }
}
