import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { formatTid, tidAt } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import type { Feed, RankedPost, Ranking, Viewer } from '../feed.ts';
import type { FeedHealth } from '../parts.ts';
import { createRanker } from '../ranking/ranker.ts';
import { rankingOf } from './parts-for-tests.ts';
import type { WhyEmptyParts } from './ports.ts';

const log = createLogger({ level: 'silent' });

export const keys = createKeys('salt');
export const clock = new ManualClock(Date.parse('2026-11-21T12:00:00Z'));
export const ALICE = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
export const BOB = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';
/** An hour ago. */
export const tid = formatTid(tidAt((clock.nowMs() - 3_600_000) * 1000));
export const uriOf = (did: string, rkey = tid) => `at://${did}/app.bsky.feed.post/${rkey}`;
export const viewer: Viewer = { did: BOB, id: keys.actorId(BOB) };

/** The post of this at-uri, in a ranking. */
export function ranked(uri: string, score: number): RankedPost {
  const { did, collection, rkey } = parseAtUri(uri) ?? { did: '', collection: '', rkey: '' };
  const { key } = keys.recordKey(collection, rkey);
  return { uri, score, actorId: keys.actorId(did), tid: key, parts: { likes: 3 }, langs: [], tags: [] };
}

const TABLES = ['posts', 'author_posts', 'actors', 'profiles', 'inactive_states', 'ingest_log', 'feed_generators'];

/** A real index, and everything else as the test says. */
export class World {
  readonly store: ClickHouse;
  readonly #throwaway: ThrowawayClickHouse;
  /** Of every shared feed. */
  ranking: Ranking | undefined;
  health: FeedHealth[] = [];
  /** At-uris of posts. */
  hidden = new Set<string>();
  banned = new Set<string>();
  feeds: Feed[] = [];
  published = new Set<string>();

  constructor(throwaway: ThrowawayClickHouse) {
    this.#throwaway = throwaway;
    this.store = throwaway.store;
  }

  static async open(): Promise<World> {
    return new World(await openThrowaway({ log }));
  }

  close(): Promise<void> {
    return Promise.resolve(this.#throwaway[Symbol.asyncDispose]());
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    for (const table of TABLES) await this.store.command(`TRUNCATE TABLE ${table}`);
    this.ranking = undefined;
    this.health = [];
    this.hidden = new Set();
    this.banned = new Set();
    this.feeds = [];
    this.published = new Set([ALICE]);
  }

  /** What `explain` and `whyEmpty` work with. */
  parts(changes: Partial<WhyEmptyParts> = {}): WhyEmptyParts {
    const { store } = this;
    const rules = {
      members: () => new Set<string>(),
      isBanned: (one: string) => this.banned.has(one),
      publishers: () => this.published,
    };
    const blockedLabels = new Set(['porn']);
    return {
      store,
      keys,
      clock,
      rules,
      blockedLabels,
      serviceDid: 'did:web:skyflow.test',
      catalogue: { find: (rkey) => this.feeds.find((one) => one.rkey === rkey), problems: () => [] },
      rankings: { current: async () => this.ranking, health: () => this.health },
      own: async (feed, { id }) => ({ ...rankingOf(feed, [], clock.nowMs()), viewerId: id }),
      hidden: { why: ({ uri }) => (this.hidden.has(uri) ? 'deleted' : undefined) },
      ranker: createRanker({ store, keys, rules, blockedLabels, clock, log }),
      ...changes,
    };
  }

  /** Writes a post, its author included. */
  async write(
    uri: string,
    fields: { text?: string; langs?: string; labels?: string; deleted?: number; version?: number } = {},
  ): Promise<void> {
    const { did, collection, rkey } = parseAtUri(uri) ?? { did: '', collection: '', rkey: '' };
    const { text = 'hello', langs = '', labels = '', deleted = 0, version = 1 } = fields;
    const id = keys.actorId(did);
    await this.store.command(
      `INSERT INTO posts (tid, actor_id, version, deleted, sort_at, seen_at, text, langs, labels)
       SELECT {tid:UInt64}, {id:UInt64}, {version:Int64}, {deleted:UInt8}, {at:DateTime64(3)}, {at:DateTime64(3)}, {text:String},
         splitByChar(' ', {langs:String}), splitByChar(' ', {labels:String})`,
      {
        tid: keys.recordKey(collection, rkey).key,
        id,
        at: (clock.nowMs() / 1000).toFixed(3),
        text,
        langs,
        labels,
        deleted,
        version,
      },
    );
    const actor = 'INSERT INTO actors (actor_id, did, first_seen_at) SELECT {id:UInt64}, {did:String}, now64(6)';
    await this.store.command(actor, { id, did });
  }
}
