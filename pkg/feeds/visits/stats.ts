import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { INTERACTION_EVENTS, type InteractionEvent } from '../taste/events.ts';
import { type Day, MS_PER_DAY, dayOf } from './day.ts';

/** What is asked for. */
export interface StatsAsk {
  /** An rkey; all feeds when absent. */
  readonly feed?: string | undefined;
  /** So many UTC days, today among them; 1 to 90, since nothing is kept for longer. */
  readonly days: number;
  readonly nowMs: number;
}

/** Figures of one feed on one UTC day. */
export interface FeedDay {
  readonly day: Day;
  /** Its rkey; '' holds interactions of which it is not known what feed they came from. */
  readonly feed: string;
  /** Pages that were served. */
  readonly requests: number;
  /** Those of them for whom nobody was signed in. */
  readonly unsignedRequests: number;
  readonly firstPages: number;
  /** Distinct accounts that were signed in. */
  readonly viewers: number;
  /** Position after the last post that was served: the deepest of all, and the mean of each viewer's deepest. */
  readonly depth: { readonly max: number; readonly mean: number };
  /** By event, all twelve. */
  readonly interactions: Readonly<Record<InteractionEvent, number>>;
}

interface Params extends Record<string, unknown> {
  readonly from: Day;
  readonly to: Day;
  readonly feed: string;
}

const visitsQuery = defineQuery<
  Params,
  {
    on_day: Day;
    feed: string;
    all_requests: string;
    unsigned_requests: string;
    all_first_pages: string;
    viewers: string;
    max_depth: number;
    mean_depth: number;
  }
>({ name: 'feed_stats_visits', sql: readSql(import.meta.url, 'stats-visits.sql') });

const interactionsQuery = defineQuery<Params, { on_day: Day; feed: string; event: string; interactions: string }>({
  name: 'feed_stats_interactions',
  sql: readSql(import.meta.url, 'stats-interactions.sql'),
});

const MOST_DAYS = 90;

const noInteractions = (): Record<InteractionEvent, number> =>
  Object.fromEntries(INTERACTION_EVENTS.map((event) => [event, 0])) as Record<InteractionEvent, number>;

/** Figures by day (the newest first) and feed. Days and feeds of which there are none are left out. */
export const readStats = async (store: Pick<ClickHouse, 'query'>, ask: StatsAsk): Promise<FeedDay[]> => {
  const days = Math.min(MOST_DAYS, Math.max(1, Math.floor(ask.days)));
  const params: Params = {
    from: dayOf(ask.nowMs - (days - 1) * MS_PER_DAY),
    to: dayOf(ask.nowMs),
    feed: ask.feed ?? '',
  };
  const [visits, said] = await Promise.all([store.query(visitsQuery, params), store.query(interactionsQuery, params)]);
  const found = new Map<string, FeedDay & { interactions: Record<InteractionEvent, number> }>();
  for (const row of visits) {
    found.set(`${row.on_day} ${row.feed}`, {
      day: row.on_day,
      feed: row.feed,
      requests: Number(row.all_requests),
      unsignedRequests: Number(row.unsigned_requests),
      firstPages: Number(row.all_first_pages),
      viewers: Number(row.viewers),
      depth: { max: row.max_depth, mean: row.mean_depth },
      interactions: noInteractions(),
    });
  }
  for (const row of said) {
    const key = `${row.on_day} ${row.feed}`;
    const day = found.get(key) ?? { ...emptyDay(row.on_day, row.feed), interactions: noInteractions() };
    found.set(key, day);
    if (isEvent(row.event)) day.interactions[row.event] = Number(row.interactions);
  }
  return [...found.values()].sort((a, b) => (a.day === b.day ? order(a.feed, b.feed) : order(b.day, a.day)));
};

const emptyDay = (day: Day, feed: string) => ({
  day,
  feed,
  requests: 0,
  unsignedRequests: 0,
  firstPages: 0,
  viewers: 0,
  depth: { max: 0, mean: 0 },
});

const isEvent = (text: string): text is InteractionEvent => INTERACTION_EVENTS.some((event) => event === text);

const order = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};
