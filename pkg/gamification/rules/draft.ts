import type { Lens } from '#pkg/contracts/lens.ts';
import type { Broken, Change, Day, DayKind, Deed, LedgerRow, PlayerState, Streak, Unlock } from '../model.ts';
import { NO_MULTIPLIER } from './amounts.ts';
import { keyText, type LedgerKey } from './ledger-ids.ts';
import { levelOf } from './levels.ts';
import { place } from './place.ts';
import type { Placed } from './streak-runs.ts';

/** What a row says beside its name and its moment. */
export interface RowText {
  readonly xpDelta: number;
  /** In hundredths; 100 where it is left out. */
  readonly xpMultiplier?: number;
  readonly reason: string;
  readonly metadata: LedgerRow['metadata'];
  /** Given where it is a bonus. */
  readonly bonusReason?: string;
}

/**
 * A player's state while deeds are applied to it. It can be changed, unlike the state it was made of, whose sets are copied only when
 * they are first added to. What the deed at hand brings is gathered until `take`.
 */
export class Draft {
  readonly userId: string;
  readonly tier: PlayerState['tier'];
  xpTotal: number;
  analyses: number;
  referrals: number;
  networkSize: number | null;
  trackedUsers: number | null;
  streak: Streak;
  lenses: ReadonlySet<Lens>;
  unlocked: ReadonlySet<string>;
  known: ReadonlySet<string>;
  days: ReadonlyMap<Day, DayKind> | undefined;

  /** Whether anything is other than in the state that this was made of. */
  changed = false;
  broken: Broken | undefined;

  readonly #own = new Set<ReadonlySet<unknown> | ReadonlyMap<Day, DayKind>>();
  #levelBefore: number;
  #rows: LedgerRow[] = [];
  #days: { day: Day; kind: DayKind }[] = [];
  #unlocks: Unlock[] = [];

  constructor(state: PlayerState) {
    this.userId = state.userId;
    this.tier = state.tier;
    this.xpTotal = state.xpTotal;
    this.analyses = state.analyses;
    this.referrals = state.referrals;
    this.networkSize = state.networkSize;
    this.trackedUsers = state.trackedUsers;
    this.streak = state.streak;
    this.lenses = state.lenses;
    this.unlocked = state.unlocked;
    this.known = state.known;
    // Whoever has no last day has no days at all: nobody needs to look.
    this.days = state.days ?? (state.streak.lastDay === null ? new Map() : undefined);
    this.#levelBefore = levelOf(state.xpTotal);
  }

  knows(key: LedgerKey): boolean {
    return this.known.has(keyText(key));
  }

  addLens(lens: Lens): void {
    if (!this.lenses.has(lens)) this.lenses = this.#with(this.lenses, lens);
  }

  addUnlock(slug: string, atMs: number): void {
    this.#unlocks.push({ slug, atMs });
    this.unlocked = this.#with(this.unlocked, slug);
  }

  addRow(deed: Deed, key: LedgerKey, text: RowText): void {
    this.changed = true;
    this.xpTotal += text.xpDelta;
    this.known = this.#with(this.known, keyText(key));
    this.#rows.push({
      userId: this.userId,
      type: key.type,
      eventId: key.eventId,
      xpDelta: text.xpDelta,
      xpTotal: this.xpTotal,
      xpMultiplier: text.xpMultiplier ?? NO_MULTIPLIER,
      reason: text.reason,
      metadata: text.metadata,
      isBonus: text.bonusReason !== undefined,
      bonusReason: text.bonusReason ?? '',
      occurredAtMs: deed.atMs,
    });
  }

  /** Lets a day count. */
  place(day: Day, kind: DayKind): Placed {
    const { placed, streak } = place(this.streak, { day, kind }, () => this.allDays());
    this.streak = streak;
    this.#addDay(day, kind);
    return placed;
  }

  /** All days of the user; throws where nobody looked: `needsDays` says when to. */
  allDays(): ReadonlyMap<Day, DayKind> {
    if (this.days === undefined) throw new Error(`the days of a user are needed to go on: ${this.userId}`);
    return this.days;
  }

  /** What came together since the last time. */
  take(): Change {
    const level = levelOf(this.xpTotal);
    const change = {
      rows: this.#rows,
      days: this.#days,
      unlocks: this.#unlocks,
      broken: this.broken,
      levelUp: level > this.#levelBefore ? level : undefined,
    };
    this.#levelBefore = level;
    this.#rows = [];
    this.#days = [];
    this.#unlocks = [];
    this.broken = undefined;
    return change;
  }

  /** As it is now. The draft must not be changed afterwards. */
  close(): PlayerState {
    return {
      userId: this.userId,
      tier: this.tier,
      xpTotal: this.xpTotal,
      analyses: this.analyses,
      referrals: this.referrals,
      lenses: this.lenses,
      networkSize: this.networkSize,
      trackedUsers: this.trackedUsers,
      streak: this.streak,
      unlocked: this.unlocked,
      known: this.known,
      days: this.days,
    };
  }

  #addDay(day: Day, kind: DayKind): void {
    this.#days.push({ day, kind });
    if (this.days === undefined) return;
    const days = this.#own.has(this.days) ? (this.days as Map<Day, DayKind>) : new Map(this.days);
    this.#own.add(days);
    this.days = days.set(day, kind);
  }

  #with<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
    const own = this.#own.has(set) ? (set as Set<T>) : new Set(set);
    this.#own.add(own);
    return own.add(item);
  }
}
