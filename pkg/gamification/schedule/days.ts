import { derivedEventId } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Day, Deed } from '../model.ts';
import { freezesOf } from '../rules/amounts.ts';
import { dayOf, endOfDay, isFirstOfMonth, nextDay, startOfDay } from '../rules/days.ts';
import type { Job } from './job.ts';
import { type DeedSettler, settleAll } from './settle-all.ts';
import { scheduleSql } from './sql.ts';

export interface DaysOptions {
  readonly postgres: Pick<Postgres, 'query'>;
  readonly ledger: DeedSettler;
  /** Resolves when what happened before a slot's end is counted. */
  readonly untilCaughtUp: (slotMs: number, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

const sql = { judge: scheduleSql('judge-page'), grant: scheduleSql('grant-page') };
/** Users in one transaction. */
const PAGE = 500;
/** So often a slot is tried before it counts as done without the users who failed each time: some five minutes. */
const MOST_TRIES = 30;

/** Some users of a slot could not be settled; all others were. */
export class UnsettledError extends Error {
  override readonly name = 'UnsettledError';
  constructor(day: Day, users: number) {
    super(`${users} users could not be settled for ${day}`);
  }
}

/**
 * Just after each midnight (UTC): judges the day that ended, and on the first of a month then gives freezes. After downtime one day
 * after the other. Each page is a transaction of its own, and a deed that was settled before is settled no more.
 */
export function createDaysJob(options: DaysOptions): Job {
  let tried: { readonly day: Day; readonly tries: number } | undefined;
  /** Throws, so that the slot is tried again, until there is no use in it: then all others go on without those who failed. */
  const leaveOut = (day: Day, failed: number): void => {
    if (failed === 0) return;
    tried = { day, tries: tried?.day === day ? tried.tries + 1 : 1 };
    if (tried.tries < MOST_TRIES) throw new UnsettledError(day, failed);
    // A streak that stays alive so is judged on a later day.
    options.log.error({ day, users: failed }, 'a day counts as judged without users who failed each time');
  };
  return {
    name: 'days',
    firstMs: (nowMs) => startOfDay(dayOf(nowMs)),
    dueMs: (doneThroughMs) => endOfDay(dayOf(doneThroughMs)),
    afterMs: ({ doneThroughMs }) => endOfDay(dayOf(doneThroughMs)),
    work: async ({ doneThroughMs }, signal) => {
      const day = dayOf(doneThroughMs);
      await options.untilCaughtUp(doneThroughMs, signal);
      // Freezes of the new month are not for days before it: nobody gets any while somebody is still to be judged.
      leaveOut(day, await judge(options, day, signal));
      const next = nextDay(day);
      if (isFirstOfMonth(next)) leaveOut(day, await grant(options, next, signal));
    },
  };
}

async function judge({ postgres, ledger, log }: DaysOptions, day: Day, signal: AbortSignal): Promise<number> {
  const cause = { correlationId: derivedEventId('job', 'days', day), causationId: '' };
  const page = async (after: string) => {
    const { rows } = await onPostgres(
      postgres.query<{ user_id: string; day: Day; tier: Tier }>(sql.judge, [day, after, PAGE]),
    );
    const deeds = rows.map((row): Deed => ({
      kind: 'judge',
      userId: row.user_id,
      day: row.day,
      tier: row.tier,
      atMs: endOfDay(row.day),
      ...cause,
    }));
    return { last: rows.at(-1)?.user_id, failed: await settleAll(ledger, deeds, log) };
  };
  return allPages(page, signal);
}

async function grant({ postgres, ledger, log }: DaysOptions, month: Day, signal: AbortSignal): Promise<number> {
  const cause = { correlationId: derivedEventId('job', 'freezes', month), causationId: '' };
  const page = async (after: string) => {
    const { rows } = await onPostgres(
      postgres.query<{ user_id: string; tier: Tier; is_given: boolean }>(sql.grant, [month, after, PAGE]),
    );
    const due = rows.filter(({ tier, is_given }) => freezesOf(tier) > 0 && !is_given);
    const deeds = due.map((row): Deed => ({
      kind: 'grant',
      userId: row.user_id,
      month,
      freezes: freezesOf(row.tier),
      atMs: startOfDay(month),
      ...cause,
    }));
    return { last: rows.at(-1)?.user_id, failed: await settleAll(ledger, deeds, log) };
  };
  return allPages(page, signal);
}

interface Page {
  /** Its last user; undefined where it is empty. */
  readonly last: string | undefined;
  /** Users that failed. */
  readonly failed: number;
}

/** Page by page, each beginning after the last user of the one before, until one is empty. Gives how many users failed. */
async function allPages(page: (after: string) => Promise<Page>, signal: AbortSignal): Promise<number> {
  let after: string | undefined = '';
  let failed = 0;
  while (after !== undefined) {
    signal.throwIfAborted();
    const done: Page = await page(after);
    failed += done.failed;
    after = done.last;
  }
  return failed;
}
