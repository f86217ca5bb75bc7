import type { Tier } from '#pkg/contracts/tiers.ts';
import type { DayNumber } from './calendar.ts';
import type { AnalysisFact, Fact } from './facts.ts';

/** A day that counts for a streak. */
export type CountedDay = 'active' | 'frozen';

/** A streak that a judgement ended: the day without activity, and how long the streak had been. */
export interface Missed {
  readonly day: DayNumber;
  readonly previous: number;
}

/** What the model knows of one person: the facts that were told, and what the judgements made of them. */
export class Life {
  readonly userId: string;
  /** By event id: what is told twice is one. */
  readonly analyses = new Map<string, AnalysisFact>();
  /** Whom this person brought. */
  readonly brought = new Set<string>();
  readonly days = new Map<DayNumber, CountedDay>();
  readonly frozen: DayNumber[] = [];
  readonly missed: Missed[] = [];
  /** First days of the months for which freezes were given. */
  readonly granted: DayNumber[] = [];
  freezesLeft = 0;
  readonly #tiers: { readonly atMs: number; readonly tier: Tier }[] = [];

  constructor(userId: string) {
    this.userId = userId;
  }

  tell(fact: Fact, day: DayNumber): void {
    if (fact.kind === 'analysis') {
      this.analyses.set(fact.id, fact);
      this.days.set(day, 'active');
    } else {
      this.#tiers.push({ atMs: fact.atMs, tier: fact.kind === 'registered' ? fact.tier : fact.to });
    }
  }

  /** The newest that was told of the time up to `ms`; a person of whom nothing was told is on the lowest. */
  tierAt(ms: number): Tier {
    const known = this.#tiers.filter(({ atMs }) => atMs <= ms);
    return known.toSorted((one, other) => one.atMs - other.atMs).at(-1)?.tier ?? 'drift';
  }

  tiersEver(): Tier[] {
    return this.#tiers.map(({ tier }) => tier);
  }

  /** Active days in the unbroken run that ends with `day`; 0 where the day does not count. */
  streakAt(day: DayNumber): number {
    let active = 0;
    for (let each = day; this.days.has(each); each -= 1) if (this.days.get(each) === 'active') active += 1;
    return active;
  }

  hasMissed(day: DayNumber): boolean {
    return this.missed.some((missed) => missed.day === day);
  }

  lastDay(): DayNumber | undefined {
    return this.days.size === 0 ? undefined : Math.max(...this.days.keys());
  }

  activeDays(): DayNumber[] {
    return [...this.days].flatMap(([day, kind]) => (kind === 'active' ? [day] : [])).toSorted((a, b) => a - b);
  }
}
