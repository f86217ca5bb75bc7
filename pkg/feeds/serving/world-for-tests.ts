import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { type Registry, createMetrics } from '#pkg/runtime/metrics.ts';
import type { Feed, RankedPost, Ranking, Viewer } from '../feed.ts';
import { feedForTests } from '../feed-for-tests.ts';
import type { Reorder, Taste, Visit } from '../parts.ts';
import { type GivenInteraction, type ServingApp, type ServingParts, createServing } from './serving.ts';

export const SERVICE_DID = 'did:web:feeds.example';
export const PUBLISHER = 'did:plc:publisherpublisherpublis';
const keys = createKeys('a salt');
export const actorId = (did: string): bigint => keys.actorId(did);

/** For tests: a feed of which only what matters is said. */
export const feedOf = (rkey: string, more: Partial<Feed> = {}): Feed =>
  feedForTests({
    rkey,
    displayName: rkey,
    acceptsInteractions: true,
    pageSize: 20,
    sql: '',
    origin: 'skyflow',
    fingerprint: 'f',
    ...more,
  });

/** Post number `n`, by its own author. */
export const postOf = (n: number, more: Partial<RankedPost> = {}): RankedPost => ({
  actorId: BigInt(n + 1),
  tid: BigInt(n + 1),
  uri: `at://did:plc:author${String(n)
    .padStart(18, 'a')
    .replaceAll(/[0189]/g, (digit) => 'bcde'[Number(digit) % 4] ?? '')}/app.bsky.feed.post/p${n}`,
  score: 1_000 - n,
  langs: [],
  tags: [],
  ...more,
});

const REPORT = { rows: 0, kept: 0, dropped: {} as Ranking['report']['dropped'], tookMs: 0 };

export const rankingOf = (feed: Feed, posts: readonly RankedPost[], viewerId?: bigint): Ranking => ({
  id: randomBytes(12).toString('base64url'),
  rkey: feed.rkey,
  fingerprint: feed.fingerprint,
  viewerId,
  rankedAtMs: systemClock.nowMs(),
  posts,
  report: REPORT,
});

export const tasteOf = (more: Partial<Taste> = {}): Taste => ({
  less: new Set(),
  authors: new Map(),
  tags: new Map(),
  seen: new Set(),
  ...more,
});

/** Seen posts last, those of disliked authors out: enough of an order to tell by. */
const reorder: Reorder = (posts, taste, order) => {
  const left = posts.filter(({ actorId }) => taste.authors.get(actorId) !== 0);
  if (order === 'time') return left;
  const isSeen = ({ actorId, tid }: RankedPost) => taste.seen.has(`${actorId}:${tid}`);
  return [...left.filter((post) => !isSeen(post)), ...left.filter(isSeen)];
};

/** For tests: the parts of serving in memory, changed by hand. */
export interface World {
  readonly app: ServingApp;
  readonly registry: Registry;
  readonly feeds: Map<string, Feed>;
  /** Of shared feeds, by rkey. */
  readonly current: Map<string, Ranking>;
  /** All that can be paged, by id. */
  readonly kept: Map<string, Ranking>;
  readonly pinned: Map<string, Ranking | 'busy'>;
  readonly tastes: Map<string, Taste>;
  readonly members: Map<string, Set<string>>;
  readonly accepted: { viewer: Viewer; interactions: readonly GivenInteraction[]; feed: string | undefined }[];
  readonly visits: Visit[];
  /** Parts that throw as if their store were away. */
  readonly away: Set<'rankings' | 'keep' | 'tastes' | 'redis' | 'interactions'>;
  /** Hides posts by uri, instead of those before. */
  hide(uris: Iterable<string>): void;
  /** Makes `posts` what the shared feed shows. */
  rank(rkey: string, posts: readonly RankedPost[]): Ranking;
  /** Makes `posts` the viewer's own list of a personal feed. */
  pin(rkey: string, did: string, posts: readonly RankedPost[]): Ranking;
}

/** @param feeds served, all published by PUBLISHER */
export function createWorld(feeds: readonly Feed[], directory: Directory, more: Partial<ServingParts> = {}): World {
  const hidden = { uris: new Set<string>(), epoch: 0 };
  const registry = createMetrics();
  const world = {
    registry,
    feeds: new Map(feeds.map((feed) => [feed.rkey, feed])),
    current: new Map(),
    kept: new Map(),
    pinned: new Map(),
    tastes: new Map(),
    members: new Map(),
    accepted: [],
    visits: [],
    away: new Set(),
    hide(uris) {
      hidden.uris = new Set(uris);
      hidden.epoch += 1;
    },
    rank(rkey, posts) {
      const ranking = rankingOf(feedNamed(world, rkey), posts);
      world.current.set(rkey, ranking);
      world.kept.set(ranking.id, ranking);
      return ranking;
    },
    pin(rkey, did, posts) {
      const ranking = rankingOf(feedNamed(world, rkey), posts, actorId(did));
      world.pinned.set(`${rkey} ${did}`, ranking);
      world.kept.set(ranking.id, ranking);
      return ranking;
    },
  } as Omit<World, 'app'> as World;
  const { app } = createServing({
    ...partsOf(world),
    hidden: {
      why: ({ uri }) => (hidden.uris.has(uri) ? 'deleted' : undefined),
      epoch: () => hidden.epoch,
    },
    directory,
    registry,
    ...more,
  });
  return Object.assign(world, { app });
}

const feedNamed = ({ feeds }: Pick<World, 'feeds'>, rkey: string): Feed => feeds.get(rkey) ?? feedOf(rkey);

function partsOf(world: World): Omit<ServingParts, 'hidden' | 'directory' | 'registry'> {
  const { feeds, current, kept, pinned, tastes, members, accepted, visits, away } = world;
  const used = new Map<string, unknown>();
  const reach = (what: Parameters<typeof away.has>[0]) => {
    if (away.has(what)) throw new Error(`${what} is away`);
  };
  return {
    catalogue: { feeds: () => [...feeds.values()], find: (rkey) => feeds.get(rkey) },
    rankings: {
      current: async ({ rkey }) => (reach('rankings'), current.get(rkey)),
      find: async (id) => (reach('rankings'), kept.get(id)),
      keep: async (_, ranking) => (reach('keep'), void kept.set(ranking.id, ranking)),
    },
    pins: { pinned: async ({ rkey }, { did }) => pinned.get(`${rkey} ${did}`) ?? 'busy' },
    tastes: { of: async ({ did }) => (reach('tastes'), tastes.get(did)) },
    reorder,
    visits: { count: (visit) => void visits.push(visit) },
    rules: { members: (rkey) => members.get(rkey) ?? new Set(), publishers: () => new Set([PUBLISHER]) },
    interactions: {
      accept: async (viewer, interactions, feed) => (
        reach('interactions'),
        void accepted.push({ viewer, interactions, feed })
      ),
    },
    redis: {
      eval: async (...given: unknown[]) => {
        reach('redis');
        const [, , key, mark] = given as [string, number, string, unknown];
        if (!used.has(key)) used.set(key, mark);
        return used.get(key) === mark ? 1 : 0;
      },
    },
    accountId: actorId,
    cursorKey: randomBytes(32),
    serviceDid: SERVICE_DID,
    publicUrl: `https://${SERVICE_DID.slice('did:web:'.length)}`,
    version: '9.8.7',
    clock: systemClock,
    log: pino({ level: 'silent' }),
  };
}

/** What a page said. */
export interface Skeleton {
  readonly feed: readonly { post: string; reason?: { $type: string; repost?: string }; feedContext?: string }[];
  readonly cursor?: string;
  readonly reqId?: string;
}

/** An answer: its body is read as JSON. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Skeleton & { readonly error?: string; readonly message?: string };
}

const HOST = 'http://feeds.example';

export async function send(app: ServingApp, path: string, init: RequestInit = {}): Promise<Answered> {
  const response = await app.fetch(new Request(`${HOST}${path}`, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text === '' ? '{}' : text) };
}

export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | string | undefined;
  readonly token?: string | undefined;
  readonly languages?: string | undefined;
}

export const feedUri = (rkey: string, authority = PUBLISHER): string =>
  `at://${authority}/app.bsky.feed.generator/${rkey}`;

/** Asks for a page. `feed` is an rkey or a whole at-uri. */
export function askPage(app: ServingApp, feed: string, query: PageQuery = {}): Promise<Answered> {
  const { cursor, limit, token, languages } = query;
  const search = new URLSearchParams({ feed: feed.includes('/') ? feed : feedUri(feed) });
  if (limit !== undefined) search.set('limit', String(limit));
  if (cursor !== undefined) search.set('cursor', cursor);
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (languages !== undefined) headers['accept-language'] = languages;
  return send(app, `/xrpc/app.bsky.feed.getFeedSkeleton?${search.toString()}`, { headers });
}

export const urisOf = ({ body }: Answered): string[] => body.feed.map(({ post }) => post);
