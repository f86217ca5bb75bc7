import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import type { Day, DayKind, LedgerRow, PlayerState, Streak, Unlock } from '../model.ts';
import { FIRST_ANALYSIS, keyText, readStreakKey } from './ledger-ids.ts';
import { newPlayer, NO_STREAK } from './new-player.ts';
import { place, withMissed } from './place.ts';
import { mondayOf } from './weeks.ts';

/** All that follows from the ledger of one user. */
export interface Rebuilt {
  /** With all days, and all rows as known. The tier and the figures of the index are not in a ledger: they are those of a new user. */
  readonly state: PlayerState;
  /** XP by week, told by its Monday; only weeks in which there was any. */
  readonly weekly: ReadonlyMap<Day, number>;
  readonly unlocks: readonly Unlock[];
  /** How many rows have another running total than those before them add up to: 0 unless the ledger was tampered with. */
  readonly wrongTotals: number;
}

/** What it was when the last of these rows was written. `rows`: all of one user, in the order of their ids. */
export function rebuildState(rows: Iterable<LedgerRow>): Rebuilt {
  const rebuild = new Rebuild();
  for (const row of rows) rebuild.add(row);
  return rebuild.result();
}

class Rebuild {
  #userId = '';
  #xpTotal = 0;
  #analyses = 0;
  #referrals = 0;
  #wrongTotals = 0;
  #streak: Streak = NO_STREAK;
  readonly #lenses = new Set<Lens>();
  readonly #known = new Set<string>();
  readonly #days = new Map<Day, DayKind>();
  readonly #weekly = new Map<Day, number>();
  readonly #unlocks: Unlock[] = [];

  add(row: LedgerRow): void {
    this.#userId = row.userId;
    this.#known.add(keyText(row));
    this.#addXp(row);
    switch (row.type) {
      case 'timeline_analyzed':
        return row.eventId === FIRST_ANALYSIS ? undefined : this.#addAnalysis(row);
      case 'referral_signup':
        this.#referrals += 1;
        return undefined;
      case 'achievement_unlocked':
        this.#unlocks.push({ slug: row.eventId, atMs: row.occurredAtMs });
        return undefined;
      case 'daily_streak':
        return this.#addFact(row);
    }
  }

  result(): Rebuilt {
    const state: PlayerState = {
      ...newPlayer(this.#userId),
      xpTotal: this.#xpTotal,
      analyses: this.#analyses,
      referrals: this.#referrals,
      lenses: this.#lenses,
      streak: this.#streak,
      unlocked: new Set(this.#unlocks.map(({ slug }) => slug)),
      known: this.#known,
      days: this.#days,
    };
    return { state, weekly: this.#weekly, unlocks: this.#unlocks, wrongTotals: this.#wrongTotals };
  }

  #addXp(row: LedgerRow): void {
    this.#xpTotal += row.xpDelta;
    if (this.#xpTotal !== row.xpTotal) this.#wrongTotals += 1;
    if (row.xpDelta === 0) return;
    const monday = mondayOf(row.occurredAtMs);
    this.#weekly.set(monday, (this.#weekly.get(monday) ?? 0) + row.xpDelta);
  }

  #addAnalysis(row: LedgerRow): void {
    this.#analyses += 1;
    const lens = LENSES.find((known) => known === row.metadata['lens']);
    if (lens !== undefined) this.#lenses.add(lens);
  }

  #addFact(row: LedgerRow): void {
    const key = readStreakKey(row.eventId);
    if (key === undefined || key.part > 1) return;
    if (key.fact === 'day') this.#place(key.day, 'active');
    if (key.fact === 'missed') this.#streak = withMissed(this.#streak, key.day);
    if (key.fact === 'freeze') {
      this.#place(key.day, 'frozen');
      this.#streak = { ...this.#streak, freezesLeft: count(row.metadata['freezes_left']) };
    }
    if (key.fact === 'freezes') {
      this.#streak = { ...this.#streak, freezesLeft: count(row.metadata['freezes']), freezesMonth: key.day };
    }
  }

  #place(day: Day, kind: DayKind): void {
    this.#streak = place(this.#streak, { day, kind }, () => this.#days).streak;
    this.#days.set(day, kind);
  }
}

const count = (told: LedgerRow['metadata'][string] | undefined): number => (typeof told === 'number' ? told : 0);
