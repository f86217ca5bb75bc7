import type { Redis } from 'ioredis';
import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import { createCatalogue, OURS_DIR } from './catalogue/catalogue.ts';
import { createHidden, type HiddenTail } from './hidden/hidden.ts';
import type { FeedHealth, Rankings } from './parts.ts';
import { createRanker } from './ranking/ranker.ts';
import { loadCursorKey, shareCursorKey } from './rankings/cursor-key.ts';
import { createPins } from './rankings/pins.ts';
import { createRankings } from './rankings/rankings.ts';
import type { FeedRestParts } from './rest/ports.ts';
import { createFeedRest } from './rest/rest.ts';
import { createRules } from './rules/rules.ts';
import { createServing, type ServingApp } from './serving/serving.ts';
import { createInteractions } from './taste/interactions.ts';
import { reorder } from './taste/reorder.ts';
import { createTastes } from './taste/tastes.ts';
import { readStats } from './visits/stats.ts';
import { createVisits } from './visits/visits.ts';

export interface FeedGeneratorOptions {
  /** Migrated. */
  readonly store: ClickHouse;
  /** Migrated. */
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly directory: Directory;
  /** Of Skyflow's own sessions: who asks why a post is in their feed. */
  readonly verifier: Verifier;
  /** Our own DID, which generator records name. */
  readonly serviceDid: string;
  /** Where people reach this server. */
  readonly publicUrl: string;
  /** Of this program. */
  readonly version: string;
  /** The operator's own feeds; undefined for none. */
  readonly feedsDir: string | undefined;
  /** Values of the labels whose posts no feed shows. */
  readonly blockedLabels: ReadonlySet<string>;
  readonly trustedProxies: number;
  readonly clock: Clock;
  /** Whose time it is in statements; default `clock`. Another one for a network of the past: a benchmark's. */
  readonly networkClock?: Clock | undefined;
  readonly log: Logger;
  readonly registry: Registry;
}

/** The feed generator, to be served and run, and what an operator's commands need of it. */
export interface FeedGenerator {
  /** Answers `/xrpc/*` and `/.well-known/did.json`. */
  readonly xrpc: ServingApp;
  /** Answers `/api/v1/feeds*`, `/api/admin/*` and `/feeds/*`. */
  readonly rest: ServingApp;
  readonly services: readonly Service[];
  readonly health: () => readonly FeedHealth[];
  readonly parts: FeedParts;
}

/** What an operator's commands are answered from. */
export interface FeedParts extends FeedRestParts {
  readonly hidden: HiddenTail;
  readonly rankings: Rankings;
  readonly ranker: ReturnType<typeof createRanker>;
  readonly feedsDir: string | undefined;
  readonly serviceDid: string;
}

/** Puts the feed generator together. Reads the folders of feeds and the operator's rules; nothing runs until the services do. */
export async function createFeedGenerator(options: FeedGeneratorOptions): Promise<FeedGenerator> {
  const { store, redis, clock, log, registry, feedsDir, networkClock = clock } = options;
  const keys = createKeys(await loadSalt(store));
  const rules = await createRules({ postgres: options.postgres, clock, log });
  const catalogue = await createCatalogue({ oursDir: OURS_DIR, feedsDir, store, clock, log });
  const ranker = createRanker({ ...options, keys, rules, clock: networkClock });
  const rankings = createRankings({ redis, ranker, catalogue, clock: networkClock, log, registry });
  // A ranking whose refresh fails is served for longer than it is kept otherwise.
  const horizonMs = () =>
    Math.max(0, ...catalogue.feeds().map(({ keepMs }) => keepMs)) +
    Math.max(0, ...rankings.health().map(({ rankedAtMs }) => networkClock.nowMs() - (rankedAtMs ?? Infinity)));
  const hidden = createHidden({ store, rules, blockedLabels: options.blockedLabels, clock, log, horizonMs });
  const servedRankings = afterFirst(rankings, hidden.firstTried, clock);
  const pins = createPins({ redis, ranker, rankings: servedRankings, clock: networkClock, log });
  const tastes = createTastes({ redis, clock, log });
  const interactions = createInteractions({ store, redis, keys, clock, log, registry });
  // Clients must not make up feeds: what they say is kept where there is such a feed.
  const rkeyOf = (uri: string | undefined) => catalogue.find(parseAtUri(uri ?? '')?.rkey ?? '')?.rkey ?? '';
  const visits = createVisits({ store, clock, log, registry });
  const parts: FeedParts = {
    ...options,
    keys,
    catalogue,
    ranker,
    rankings,
    own: (feed, viewer) => pins.pinned(feed, viewer, []),
    hidden,
    rules,
    tastes,
    readStats: (feed, days) => readStats(store, { feed, days, nowMs: clock.nowMs() }),
  };
  const cursorKey = await loadCursorKey(redis);
  const serving = createServing({
    ...parts,
    tastes,
    pins,
    reorder,
    visits,
    interactions: {
      accept: (viewer, given, feed) =>
        interactions.accept(
          viewer,
          given.map(({ uri, ...said }) => ({ ...said, item: uri, feed: rkeyOf(feed) })),
        ),
    },
    rankings: servedRankings,
    accountId: (did) => keys.actorId(did),
    cursorKey,
    version: options.version,
    limits: undefined,
  });
  return {
    xrpc: serving.app,
    rest: createFeedRest(parts),
    services: [
      ...[rules, catalogue, rankings, hidden, interactions, visits].flatMap(({ services }) => [...services]),
      shareCursorKey(cursorKey, redis, clock),
    ],
    health: () => rankings.health(),
    parts,
  };
}

/** How long the first pages wait for it to be known what went away. */
const firstMarksMs = 3_000;

/**
 * Rankings that are not given out before it was asked what went away: one of an earlier run waits in Redis, and shows posts that
 * were deleted since.
 */
function afterFirst(rankings: Rankings, asked: Promise<void>, clock: Clock): Rankings {
  let isAsked = false;
  const wait = async (): Promise<void> => {
    await orLate(asked, firstMarksMs, undefined, clock);
    isAsked = true;
  };
  return {
    ...rankings,
    async current(feed) {
      if (!isAsked) await wait();
      return rankings.current(feed);
    },
    async find(id) {
      if (!isAsked) await wait();
      return rankings.find(id);
    },
  };
}
