import type { FeedHealth } from '#pkg/feeds/parts.ts';
import type { Feed } from '#pkg/feeds/feed.ts';
import { type FeedDay, readStats } from '#pkg/feeds/visits/stats.ts';
import { checkAnswer } from './check.ts';
import { type Handler, requireFeed } from './operator-parts.ts';
import { withHandles } from './people.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

export const list: Handler<'list'> = async (parts) => {
  const { catalogue, rankings, rules, clock } = parts;
  const health = new Map(rankings.health().map((one) => [one.rkey, one]));
  const feeds = catalogue.feeds();
  const dids = [...new Set(feeds.flatMap(({ rkey }) => [...rules.publishers(rkey)]))];
  const named = new Map((await withHandles(parts, dids)).map((one) => [one.did, one]));
  return {
    at: iso(clock.nowMs()),
    isServing: parts.isServing,
    feeds: feeds.map((feed) => ({
      rkey: feed.rkey,
      displayName: feed.displayName,
      personal: feed.personal,
      membersOnly: feed.visibility === 'members',
      origin: feed.origin,
      ...healthOf(feed, health.get(feed.rkey)),
      publishedAs: [...rules.publishers(feed.rkey)].map((did) => named.get(did) ?? { did, handle: null }),
    })),
    problems: problemsOf(catalogue.problems()),
  };
};

const healthOf = (feed: Feed, health: FeedHealth | undefined) => ({
  posts: feed.personal || health?.rankedAtMs === undefined ? null : health.posts,
  rankedAt: health?.rankedAtMs === undefined ? null : iso(health.rankedAtMs),
  stale: health?.stale ?? false,
  error: health?.error ?? null,
});

const problemsOf = (problems: readonly { readonly folder: string; readonly mistakes: readonly string[] }[]) =>
  problems.map(({ folder, mistakes }) => ({ folder, mistakes: [...mistakes] }));

export const check: Handler<'check'> = async (parts, { dir }) => checkAnswer(await parts.check(dir));

export const describe: Handler<'describe'> = async ({ catalogue, serviceDid, publicUrl }) => ({
  serviceDid,
  publicUrl,
  feeds: catalogue.feeds().map((feed) => ({
    rkey: feed.rkey,
    displayName: feed.displayName,
    description: feed.description,
    avatar: feed.avatar ?? null,
    contentMode: feed.contentMode,
    acceptsInteractions: feed.acceptsInteractions,
    labels: [...feed.labels],
  })),
});

const dayMs = 86_400_000;

export const stats: Handler<'stats'> = async (parts, { rkey, days }) => {
  const { store, clock, catalogue } = parts;
  if (rkey !== undefined) requireFeed(parts, rkey);
  const nowMs = clock.nowMs();
  const wanted = Array.from({ length: days }, (_, at) => iso(nowMs - (days - 1 - at) * dayMs).slice(0, 10));
  const known = await readStats(store, { feed: rkey, days, nowMs });
  const rkeys = rkey === undefined ? catalogue.feeds().map((feed) => feed.rkey) : [rkey];
  // Feeds that are there no more have figures still.
  const all = [...new Set([...rkeys, ...known.map(({ feed }) => feed)])];
  return {
    days: wanted,
    feeds: all.map((feed) => {
      const byDay = new Map(known.filter((one) => one.feed === feed).map((one) => [one.day, one]));
      return { rkey: feed, days: wanted.map((day) => figuresOf(day, byDay.get(day))) };
    }),
  };
};

const figuresOf = (day: string, found: FeedDay | undefined) => ({
  day,
  requests: found?.requests ?? 0,
  firstPages: found?.firstPages ?? 0,
  viewers: found?.viewers ?? 0,
  depth: found?.depth.max ?? 0,
  interactions: Object.fromEntries(Object.entries(found?.interactions ?? {}).filter(([, count]) => count > 0)),
});
