import type { Deed, LedgerRow, PlayerState } from '#pkg/gamification/model.ts';
import { applyDeed } from '#pkg/gamification/rules/apply-deed.ts';
import { needsDays } from '#pkg/gamification/rules/needs-days.ts';
import { newPlayer } from '#pkg/gamification/rules/new-player.ts';
import type { Round, Told } from './delivery.ts';
import {
  type DayNumber,
  dayText,
  endMsOf,
  isFirstOfMonth,
  mondayOf,
  dayNumberOf,
  startMsOf,
} from './model/calendar.ts';
import type { Person } from './model/facts.ts';
import { Life } from './model/life.ts';
import type { Stored } from './stored.ts';

/**
 * The product's rules over a world without any store: what they make of the same rounds. The tables are maps, a statement is
 * a call; what is left are the rules and the order in which things are told.
 */
export class RulesRunner {
  readonly #states = new Map<string, PlayerState>();
  /** For the tiers alone. */
  readonly #lives = new Map<string, Life>();
  readonly #rows: LedgerRow[] = [];
  readonly #people: readonly Person[];

  constructor(people: readonly Person[]) {
    this.#people = people.filter(({ account }) => account === 'here');
    for (const { userId } of this.#people) {
      this.#states.set(userId, newPlayer(userId));
      this.#lives.set(userId, new Life(userId));
    }
  }

  play({ messages, judged }: Round): void {
    for (const told of messages) this.#hear(told);
    for (const day of judged) {
      for (const life of this.#lives.values()) this.#judge(life, day);
      if (isFirstOfMonth(day + 1)) for (const life of this.#lives.values()) this.#grant(life, day + 1);
    }
    this.#sweep((judged.at(-1) ?? 0) + 1);
  }

  #hear({ fact }: Told): void {
    const { kind, userId, atMs, id } = fact;
    const cause = { correlationId: id, causationId: id };
    if (kind === 'analysis') {
      const { tier, lens, score } = fact;
      this.#settle({ kind, userId, atMs, eventId: id, tier, lens, score, ...cause });
      return;
    }
    const life = this.#lives.get(userId);
    life?.tell(fact, 0);
    const state = this.#states.get(userId);
    if (life !== undefined && state !== undefined) this.#states.set(userId, { ...state, tier: life.tierAt(Infinity) });
    if (kind === 'registered' && fact.referrerId !== '') {
      this.#settle({ kind: 'referral', userId: fact.referrerId, atMs, newUserId: userId, ...cause });
    }
  }

  /** Which days are judged for whom, as the schedule chooses them. */
  #judge({ userId }: Life, day: DayNumber): void {
    const lastDay = this.#states.get(userId)?.streak.lastDay ?? null;
    if (lastDay === null) return;
    const last = dayNumberOf(Date.parse(lastDay));
    const isAlive = (this.#states.get(userId)?.streak.current ?? 0) > 0;
    for (let each = isAlive ? Math.min(last + 1, day) : day; each <= day; each += 1) this.#judgeOne(userId, each);
  }

  #judgeOne(userId: string, day: DayNumber): void {
    const tier = this.#lives.get(userId)?.tierAt(endMsOf(day)) ?? 'drift';
    this.#settle({ kind: 'judge', userId, atMs: startMsOf(day + 1), day: dayText(day), tier, ...calendar });
  }

  #grant({ userId }: Life, first: DayNumber): void {
    const tier = this.#lives.get(userId)?.tierAt(startMsOf(first)) ?? 'drift';
    const freezes = tier === 'jet' || tier === 'orbit' ? 3 : 0;
    this.#settle({ kind: 'grant', userId, atMs: startMsOf(first), month: dayText(first), freezes, ...calendar });
  }

  #sweep(day: DayNumber): void {
    for (const { userId, networkSize, trackedUsers } of this.#people) {
      this.#settle({ kind: 'recheck', userId, atMs: startMsOf(day), networkSize, trackedUsers, ...calendar });
    }
  }

  #settle(deed: Deed): void {
    const state = this.#states.get(deed.userId);
    if (state === undefined) return;
    // As the ledger does: the days are there only where they are asked for.
    const days = needsDays(state, deed) ? state.days : undefined;
    const effect = applyDeed({ ...state, days }, deed);
    this.#rows.push(...effect.rows);
    const allDays = new Map(state.days);
    for (const { day, kind } of effect.days) allDays.set(day, kind);
    this.#states.set(deed.userId, { ...effect.state, days: allDays });
  }

  /** As the tables would hold it. */
  stored(): Stored {
    const states = [...this.#states.values()];
    const ledger = this.#rows.map((row, index) => ({
      id: index,
      userId: row.userId,
      type: row.type,
      eventId: row.eventId,
      delta: row.xpDelta,
      total: row.xpTotal,
      multiplier: row.xpMultiplier,
      isBonus: row.isBonus,
      atMs: row.occurredAtMs,
    }));
    const weekly = new Map<string, { userId: string; week: string; xp: number }>();
    for (const { userId, atMs, delta } of ledger) {
      const week = dayText(mondayOf(dayNumberOf(atMs)));
      const sum = weekly.get(userId + week) ?? { userId, week, xp: 0 };
      sum.xp += delta;
      weekly.set(userId + week, sum);
    }
    return {
      ledger,
      players: states.map((state) => ({
        userId: state.userId,
        total: state.xpTotal,
        analyses: state.analyses,
        referrals: state.referrals,
        lenses: [...state.lenses].toSorted(),
        hidden: false,
      })),
      streaks: states.map(({ userId, streak }) => ({ userId, ...streak })),
      days: states.flatMap(({ userId, days }) => [...(days ?? [])].map(([day, kind]) => ({ userId, day, kind }))),
      unlocks: states.flatMap(({ userId, unlocked }) => [...unlocked].map((slug) => ({ userId, slug }))),
      weekly: [...weekly.values()].filter(({ xp }) => xp !== 0),
      archive: [],
    };
  }
}

const calendar = { correlationId: '', causationId: '' };
