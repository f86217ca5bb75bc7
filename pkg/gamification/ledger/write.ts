import type { Querier } from '#pkg/postgres/client.ts';
import { type Statement, together } from '#pkg/postgres/together.ts';
import type { Day, DayKind, LedgerRow, PlayerState, Unlock } from '../model.ts';
import { mondayOf } from '../rules/weeks.ts';
import { ledgerSql } from './sql.ts';

const LEDGER = ledgerSql('write-ledger');
const PLAYERS = ledgerSql('write-players');
const WEEKLY = ledgerSql('write-weekly');
const STREAKS = ledgerSql('write-streaks');
const DAYS = ledgerSql('write-days');
const UNLOCKS = ledgerSql('write-unlocks');

// One statement a table, however many rows: each takes arrays, one a column. No rows, no statement.

/** Runs all in one, in no order: they write different tables. */
export async function writeAll(tx: Querier, statements: readonly (Statement | undefined)[]): Promise<void> {
  const some = statements.filter((statement) => statement !== undefined);
  if (some.length === 0) return;
  const { text, params } = together(some);
  await tx.query(text, params);
}

/** A user's row in `players` as it is to be. */
export interface PlayerChange {
  readonly state: PlayerState;
  /** When the index was asked for the figures; undefined: it was not, what stands there stays. */
  readonly networkAtMs: number | undefined;
}

export function writeLedger(rows: readonly LedgerRow[]): Statement | undefined {
  if (rows.length === 0) return undefined;
  return {
    text: LEDGER,
    params: [
      rows.map((row) => row.userId),
      rows.map((row) => row.type),
      rows.map((row) => row.eventId),
      rows.map((row) => row.xpDelta),
      rows.map((row) => row.xpTotal),
      rows.map((row) => row.xpMultiplier),
      rows.map((row) => row.reason),
      rows.map((row) => JSON.stringify(row.metadata)),
      rows.map((row) => row.isBonus),
      rows.map((row) => row.bonusReason),
      rows.map((row) => row.occurredAtMs),
    ],
  };
}

export function writePlayers(changes: readonly PlayerChange[]): Statement | undefined {
  if (changes.length === 0) return undefined;
  return {
    text: PLAYERS,
    params: [
      changes.map(({ state }) => state.userId),
      changes.map(({ state }) => state.xpTotal),
      changes.map(({ state }) => state.analyses),
      changes.map(({ state }) => state.referrals),
      changes.map(({ state }) => [...state.lenses].toSorted().join(' ')),
      changes.map(({ state }) => state.networkSize),
      changes.map(({ state }) => state.trackedUsers),
      changes.map(({ networkAtMs }) => networkAtMs ?? null),
    ],
  };
}

/** XP by week, as the rows' own times say. */
export function weeklyOf(rows: readonly LedgerRow[]): { week: Day; userId: string; xp: number }[] {
  const sums = new Map<string, { week: Day; userId: string; xp: number }>();
  for (const { userId, xpDelta, occurredAtMs } of rows) {
    if (xpDelta === 0) continue;
    const week = mondayOf(occurredAtMs);
    const sum = sums.get(week + userId);
    if (sum === undefined) sums.set(week + userId, { week, userId, xp: xpDelta });
    else sum.xp += xpDelta;
  }
  return [...sums.values()];
}

/** Adds to what stands there. */
export function addWeekly(sums: ReturnType<typeof weeklyOf>): Statement | undefined {
  if (sums.length === 0) return undefined;
  return {
    text: WEEKLY,
    params: [sums.map(({ week }) => week), sums.map(({ userId }) => userId), sums.map(({ xp }) => xp)],
  };
}

export function writeStreaks(states: readonly PlayerState[]): Statement | undefined {
  if (states.length === 0) return undefined;
  return {
    text: STREAKS,
    params: [
      states.map(({ userId }) => userId),
      states.map(({ streak }) => streak.current),
      states.map(({ streak }) => streak.longest),
      states.map(({ streak }) => streak.lastDay),
      states.map(({ streak }) => streak.startDay),
      states.map(({ streak }) => streak.freezesLeft),
      states.map(({ streak }) => streak.freezesMonth),
    ],
  };
}

/** A day that counts, of one user. */
export interface UserDay {
  readonly userId: string;
  readonly day: Day;
  readonly kind: DayKind;
}

/** Of several for one day the last holds. */
export function writeDays(days: readonly UserDay[]): Statement | undefined {
  if (days.length === 0) return undefined;
  // A statement may not write one row twice.
  const last = [...new Map(days.map((day) => [day.day + day.userId, day])).values()];
  return {
    text: DAYS,
    params: [last.map(({ userId }) => userId), last.map(({ day }) => day), last.map(({ kind }) => kind)],
  };
}

export function writeUnlocks(
  unlocks: readonly { readonly userId: string; readonly unlock: Unlock }[],
): Statement | undefined {
  if (unlocks.length === 0) return undefined;
  return {
    text: UNLOCKS,
    params: [
      unlocks.map(({ userId }) => userId),
      unlocks.map(({ unlock }) => unlock.slug),
      unlocks.map(({ unlock }) => unlock.atMs),
    ],
  };
}
