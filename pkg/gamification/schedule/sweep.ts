import { derivedEventId } from '#pkg/bus/events.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres, StoreAwayError } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Deed } from '../model.ts';
import type { Figures, Network } from '../network/network.ts';
import { ACHIEVEMENTS } from '../rules/achievements/catalogue.ts';
import { SWEEP_EVERY_MS } from '../rules/amounts.ts';
import { addDays, dayOf } from '../rules/days.ts';
import type { Job } from './job.ts';
import { type DeedSettler, settleAll } from './settle-all.ts';
import { scheduleSql } from './sql.ts';

/** What the sweep asks of the leaderboards. */
export interface BoardRefresher {
  refresh(userIds: readonly string[]): Promise<unknown>;
}

export interface SweepOptions {
  readonly postgres: Pick<Postgres, 'query'>;
  readonly ledger: DeedSettler;
  readonly boards: BoardRefresher;
  readonly network: Pick<Network, 'figures' | 'inactive'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Row {
  user_id: string;
  inactive: boolean;
  matters: boolean;
  is_due: boolean;
}

const sql = { page: scheduleSql('sweep-page'), mark: scheduleSql('mark-seen') };
const PAGE = 200;
/** A sweep leaves room for everything else; the next one goes on where it stopped. */
const MOST_WORK_MS = 120_000;
/** Figures of the index are looked up again after a day, for so many users a sweep. */
const FIGURES_GOOD_MS = 86_400_000;
const MOST_FIGURES = 500;
const ACTIVE_DAYS = 30;

const INDEX_SLUGS = ACHIEVEMENTS.filter(
  ({ criterion: { type } }) => type === 'network_size' || type === 'unique_users_tracked',
).map(({ slug }) => slug);

/** What one sweep still may ask of the index. */
interface Allowance {
  figures: number;
  isIndexThere: boolean;
}

/**
 * Every five minutes, what no event tells and what was missed: figures of the index, achievements, accounts that left the network or
 * came back, and places on the boards.
 */
export function createSweepJob(options: SweepOptions): Job {
  const { postgres, clock } = options;
  let after = '';
  return {
    name: 'sweep',
    firstMs: () => 0,
    dueMs: (doneThroughMs) => doneThroughMs + SWEEP_EVERY_MS,
    afterMs: ({ nowMs }) => nowMs,
    work: async ({ nowMs }, signal) => {
      const endMs = clock.nowMs() + MOST_WORK_MS;
      const allowance: Allowance = { figures: MOST_FIGURES, isIndexThere: true };
      const activeSince = addDays(dayOf(nowMs), -ACTIVE_DAYS);
      const dueBefore = new Date(nowMs - FIGURES_GOOD_MS);
      do {
        signal.throwIfAborted();
        const params = [after, activeSince, dueBefore, INDEX_SLUGS, PAGE];
        const { rows } = await onPostgres(postgres.query<Row>(sql.page, params));
        if (rows.length > 0) await sweepPage(options, { rows, nowMs, allowance }, signal);
        after = rows.length < PAGE ? '' : (rows.at(-1)?.user_id ?? '');
      } while (after !== '' && clock.nowMs() < endMs);
    },
  };
}

async function sweepPage(
  options: SweepOptions,
  { rows, nowMs, allowance }: { rows: readonly Row[]; nowMs: number; allowance: Allowance },
  signal: AbortSignal,
): Promise<void> {
  const { postgres, ledger, boards, log } = options;
  const due = rows.filter(({ matters, is_due }) => matters && is_due).slice(0, allowance.figures);
  const looks = { all: rows.map(({ user_id }) => user_id), due: due.map(({ user_id }) => user_id) };
  const seen = allowance.isIndexThere ? await lookUp(options, looks, signal) : undefined;
  if (seen === undefined) allowance.isIndexThere = false;
  else allowance.figures -= due.length;

  const correlationId = derivedEventId('job', 'sweep', String(nowMs));
  const recheck = rows.filter(({ matters }) => matters);
  const deeds = recheck.map(({ user_id: userId }): Deed => ({
    kind: 'recheck',
    userId,
    ...seen?.figures.get(userId),
    atMs: nowMs,
    correlationId,
    causationId: '',
  }));
  // Whoever fails is tried again by the next sweep.
  await settleAll(ledger, deeds, log);
  if (seen !== undefined) {
    const looked = new Set(looks.due);
    const news = rows.filter((row) => looked.has(row.user_id) || row.inactive !== seen.inactive.has(row.user_id));
    await onPostgres(
      postgres.query(sql.mark, [
        news.map(({ user_id }) => user_id),
        news.map(({ user_id }) => seen.inactive.has(user_id)),
        news.map(({ user_id }) => looked.has(user_id)),
        new Date(nowMs),
      ]),
    );
  }
  try {
    await boards.refresh(looks.all);
  } catch (error) {
    if (!(error instanceof StoreAwayError) || error.store !== 'redis') throw error;
    log.warn({ err: error }, 'the leaderboards could not be brought up to date; the next sweep does it');
  }
}

/** What the index says; undefined while it says nothing: achievements that do not need it are looked at all the same. */
async function lookUp(
  { network, log }: SweepOptions,
  { all, due }: { readonly all: readonly string[]; readonly due: readonly string[] },
  signal: AbortSignal,
): Promise<{ figures: ReadonlyMap<string, Figures>; inactive: ReadonlySet<string> } | undefined> {
  try {
    const inactive = await network.inactive(all, signal);
    return { figures: await network.figures(due, signal), inactive };
  } catch (thrown) {
    signal.throwIfAborted();
    log.warn({ err: toError(thrown) }, 'the index cannot be asked; figures of players stay as they are');
    return undefined;
  }
}
