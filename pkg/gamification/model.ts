import type { Lens } from '#pkg/contracts/lens.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';

/** What the ledger knows as reasons for XP. */
export const LEDGER_TYPES = ['timeline_analyzed', 'achievement_unlocked', 'daily_streak', 'referral_signup'] as const;
export type LedgerType = (typeof LEDGER_TYPES)[number];

/** A day in UTC, `YYYY-MM-DD`. Text, because it sorts, compares and travels as it is. */
export type Day = string;

/** A row of the ledger. `type` and `eventId` name it for good within one user: see `rules/ledger-ids.ts`. */
export interface LedgerRow {
  readonly userId: string;
  readonly type: LedgerType;
  readonly eventId: string;
  /** Signed. 0 where only the fact is to be remembered: a freeze spent, a streak broken. */
  readonly xpDelta: number;
  /** Of this user after this row. */
  readonly xpTotal: number;
  /** In hundredths. */
  readonly xpMultiplier: number;
  /** One line for people: `Analysis (flow)`. */
  readonly reason: string;
  /** All that is needed to make every other table again from the ledger. */
  readonly metadata: Readonly<Record<string, string | number | boolean | null>>;
  readonly isBonus: boolean;
  readonly bonusReason: string;
  /** When it was earned, ms since 1970. */
  readonly occurredAtMs: number;
}

/** Where a deed comes from, for the events that follow from it. */
export interface Cause {
  readonly correlationId: string;
  /** The event that caused it; empty where the calendar did. */
  readonly causationId: string;
}

interface DeedBase extends Cause {
  readonly userId: string;
  /** When it happened, ms since 1970. */
  readonly atMs: number;
}

/** Somebody's analysis has an answer. */
export interface AnalysisDeed extends DeedBase {
  readonly kind: 'analysis';
  /** The analysis id. */
  readonly eventId: string;
  /** When it was asked for. */
  readonly tier: Tier;
  readonly lens: Lens;
  /** 0 to 10; null where the answer has none. */
  readonly score: number | null;
}

/** Somebody whom this user brought has signed in for the first time. */
export interface ReferralDeed extends DeedBase {
  readonly kind: 'referral';
  readonly newUserId: string;
}

/** Figures changed that achievements go by: look at all of them again. */
export interface RecheckDeed extends DeedBase {
  readonly kind: 'recheck';
  /** Undefined: as they are stored. */
  readonly networkSize?: number | undefined;
  readonly trackedUsers?: number | undefined;
}

/** A day is over; whoever was not active on it spends a freeze or loses the streak. */
export interface JudgeDeed extends DeedBase {
  readonly kind: 'judge';
  readonly day: Day;
  /** At the end of that day. */
  readonly tier: Tier;
}

/** The first of a month has come for a user whose tier has freezes. */
export interface GrantDeed extends DeedBase {
  readonly kind: 'grant';
  /** Its first day. */
  readonly month: Day;
  readonly freezes: number;
}

export type Deed = AnalysisDeed | ReferralDeed | RecheckDeed | JudgeDeed | GrantDeed;

/** A user's streak, as it is stored. */
export interface Streak {
  /** Active days in the run that ends on `lastDay`; 0 once the day after that was judged missed. */
  readonly current: number;
  readonly longest: number;
  /** The last day that counts, active or bridged. */
  readonly lastDay: Day | null;
  /** The first day of that run; null where `current` is 0. */
  readonly startDay: Day | null;
  readonly freezesLeft: number;
  readonly freezesMonth: Day | null;
}

export type DayKind = 'active' | 'frozen';

/** All that decides what a deed brings. */
export interface PlayerState {
  readonly userId: string;
  /** Now: some achievements are for some tiers only. What an analysis earns goes by its own. */
  readonly tier: Tier;
  readonly xpTotal: number;
  /** Analyses that earned XP. */
  readonly analyses: number;
  readonly referrals: number;
  readonly lenses: ReadonlySet<Lens>;
  readonly networkSize: number | null;
  readonly trackedUsers: number | null;
  readonly streak: Streak;
  readonly unlocked: ReadonlySet<string>;
  /** `<type>/<eventId>` of those rows that are in the ledger and that these deeds could write. */
  readonly known: ReadonlySet<string>;
  /** Every day that counts; undefined where nobody looked: `needsDays` says for which deeds that is not enough. */
  readonly days: ReadonlyMap<Day, DayKind> | undefined;
}

/** An achievement that a deed unlocked. */
export interface Unlock {
  readonly slug: string;
  readonly atMs: number;
}

/** A streak that a judgement ended. */
export interface Broken {
  readonly previous: number;
  readonly longest: number;
  readonly missedDay: Day;
}

/** What one deed brings. */
export interface Change {
  /** In the order in which they are to be written. Empty where the deed was known, or changed nothing. */
  readonly rows: readonly LedgerRow[];
  readonly days: readonly { readonly day: Day; readonly kind: DayKind }[];
  readonly unlocks: readonly Unlock[];
  readonly broken: Broken | undefined;
  /** The new level, where it rose. */
  readonly levelUp: number | undefined;
}

/** With the state after it, for the next deed of the same user: the same object where nothing changed. */
export interface Effect extends Change {
  readonly state: PlayerState;
}
