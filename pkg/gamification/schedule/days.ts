import { derivedEventId } from '#pkg/bus/events.ts';
import { TIERS, type Tier } from '#pkg/contracts/tiers.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Day, Deed } from '../model.ts';
import { freezesOf } from '../rules/amounts.ts';
import { dayOf, endOfDay, isFirstOfMonth, nextDay, startOfDay } from '../rules/days.ts';
import type { Job } from './job.ts';
import { scheduleSql } from './sql.ts';

/** What the calendar asks of the ledger. */
export interface DeedSettler {
  settle(deeds: readonly Deed[]): Promise<unknown>;
}

export interface DaysOptions {
  readonly postgres: Pick<Postgres, 'query'>;
  readonly ledger: DeedSettler;
  /** Resolves when what happened before a slot's end is counted. */
  readonly untilCaughtUp: (slotMs: number, signal: AbortSignal) => Promise<void>;
}

const sql = { judge: scheduleSql('judge-page'), grant: scheduleSql('grant-page') };
/** Users in one transaction. */
const PAGE = 500;

/**
 * Just after each midnight (UTC): judges the day that ended, and on the first of a month then gives freezes. After downtime one day
 * after the other. Each page is a transaction of its own, and a deed that was settled before is settled no more.
 */
export function createDaysJob(options: DaysOptions): Job {
  return {
    name: 'days',
    firstMs: (nowMs) => startOfDay(dayOf(nowMs)),
    dueMs: (doneThroughMs) => endOfDay(dayOf(doneThroughMs)),
    afterMs: ({ doneThroughMs }) => endOfDay(dayOf(doneThroughMs)),
    work: async ({ doneThroughMs }, signal) => {
      const day = dayOf(doneThroughMs);
      await options.untilCaughtUp(doneThroughMs, signal);
      await judge(options, day, signal);
      const next = nextDay(day);
      if (isFirstOfMonth(next)) await grant(options, next, signal);
    },
  };
}

async function judge({ postgres, ledger }: DaysOptions, day: Day, signal: AbortSignal): Promise<void> {
  const cause = { correlationId: derivedEventId('job', 'days', day), causationId: '' };
  const page = async (after: string) => {
    const { rows } = await onPostgres(
      postgres.query<{ user_id: string; day: Day; tier: Tier }>(sql.judge, [day, after, PAGE]),
    );
    await ledger.settle(
      rows.map((row) => ({
        kind: 'judge',
        userId: row.user_id,
        day: row.day,
        tier: row.tier,
        atMs: endOfDay(row.day),
        ...cause,
      })),
    );
    return rows.at(-1)?.user_id;
  };
  await allPages(page, signal);
}

async function grant({ postgres, ledger }: DaysOptions, month: Day, signal: AbortSignal): Promise<void> {
  const cause = { correlationId: derivedEventId('job', 'freezes', month), causationId: '' };
  const tiers = TIERS.filter((tier) => freezesOf(tier) > 0);
  const page = async (after: string) => {
    const { rows } = await onPostgres(
      postgres.query<{ user_id: string; tier: Tier }>(sql.grant, [month, after, tiers, PAGE]),
    );
    await ledger.settle(
      rows.map((row) => ({
        kind: 'grant',
        userId: row.user_id,
        month,
        freezes: freezesOf(row.tier),
        atMs: startOfDay(month),
        ...cause,
      })),
    );
    return rows.at(-1)?.user_id;
  };
  await allPages(page, signal);
}

/** Page by page, each beginning after the last user of the one before, until one is empty. */
async function allPages(page: (after: string) => Promise<string | undefined>, signal: AbortSignal): Promise<void> {
  let after: string | undefined = '';
  while (after !== undefined) {
    signal.throwIfAborted();
    after = await page(after);
  }
}
