import type { Feed, Ranking } from '../feed.ts';

/** What is known of one form of a shared feed, in this process. */
export interface Freshness {
  feed: Feed;
  /** The one that is served; undefined before the first. */
  current: Ranking | undefined;
  /** When it was last given its whole time in Redis, in ms since 1970; undefined: Redis may not have it. */
  storedAtMs: number | undefined;
  /** When somebody last asked for it; -Infinity: never. */
  askedAtMs: number;
  /** Failures since the last success. */
  failures: number;
  error: string | undefined;
  /** No new try before that. */
  notBeforeMs: number;
  refreshing: boolean;
  /** Resolves when there is a first ranking, or none could be made: for those who wait. */
  settled: PromiseWithResolvers<void>;
}

const minuteMs = 60_000;
/** So long after the last visitor a feed is kept as fresh as it promises. */
const watchedMs = 5 * minuteMs;
/** How old a ranking becomes that nobody looks at, unless its feed promises less. */
const unwatchedMs = minuteMs;

export const freshnessOf = (feed: Feed): Freshness => ({
  feed,
  current: undefined,
  storedAtMs: undefined,
  askedAtMs: Number.NEGATIVE_INFINITY,
  failures: 0,
  error: undefined,
  notBeforeMs: 0,
  refreshing: false,
  settled: Promise.withResolvers(),
});

/** A young index fills within seconds: who looks at an empty feed should not have to wait for its usual turn. */
const emptyMs = 5_000;

const intervalMs = ({ feed, askedAtMs, current }: Freshness, nowMs: number): number => {
  if (current?.posts.length === 0) return Math.min(feed.refreshMs, emptyMs);
  return nowMs - askedAtMs <= watchedMs ? feed.refreshMs : Math.max(feed.refreshMs, unwatchedMs);
};

/** When the next ranking is to be made. A statement rests at least as long as it took: a slow feed is not always under way. */
export const dueAtMs = (state: Freshness, nowMs: number): number => {
  if (state.current === undefined) return state.notBeforeMs;
  const { rankedAtMs, report } = state.current;
  return Math.max(state.notBeforeMs, rankedAtMs + Math.max(intervalMs(state, nowMs), 2 * report.tookMs));
};

/** Whether the ranking is older than a slow refresh explains, or none could be made at all. */
export const isStale = (state: Freshness, nowMs: number): boolean => {
  if (state.current === undefined) return state.failures > 0;
  const unwatched = Math.max(state.feed.refreshMs, unwatchedMs);
  return nowMs - state.current.rankedAtMs > 3 * unwatched + 2 * state.current.report.tookMs;
};

/** The pause after so many failures in a row: longer each time, up to a minute, and never in step with other feeds. */
export const pauseAfter = (failures: number, random: () => number = Math.random): number =>
  Math.min(minuteMs, 1_000 * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2);
