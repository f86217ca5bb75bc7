import type { Lens } from '#pkg/contracts/lens.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type { DayNumber } from './calendar.ts';

/** Somebody in the world of a test. */
export interface Person {
  readonly userId: string;
  /** Which `users` row there is: a living one, one that says they left, or none at all. */
  readonly account: 'here' | 'left' | 'unknown';
  /** Does not want to stand on leaderboards. */
  readonly hidden: boolean;
  /** From the index, when somebody looks. */
  readonly networkSize: number;
  readonly trackedUsers: number;
}

interface FactBase {
  /** Of the event. */
  readonly id: string;
  readonly userId: string;
  readonly atMs: number;
}

export interface AnalysisFact extends FactBase {
  readonly kind: 'analysis';
  readonly lens: Lens;
  readonly score: number | null;
  /** When it was asked for. */
  readonly tier: Tier;
}

export interface RegisteredFact extends FactBase {
  readonly kind: 'registered';
  readonly tier: Tier;
  /** Empty where nobody brought them. */
  readonly referrerId: string;
}

export interface TierFact extends FactBase {
  readonly kind: 'tier_changed';
  readonly from: Tier;
  readonly to: Tier;
}

/** What happened, each told by one event. */
export type Fact = AnalysisFact | RegisteredFact | TierFact;

/** All that is told before the next judgement, in whatever order, and then the days that are judged, in theirs. */
export interface Phase {
  readonly facts: readonly Fact[];
  readonly judged: readonly DayNumber[];
}

/** Everything that decides how it must end. */
export interface World {
  readonly people: readonly Person[];
  readonly phases: readonly Phase[];
}
