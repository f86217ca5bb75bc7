import { createKeys, type Keys } from '#pkg/clickhouse/keys.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import type { ClickHouse } from '#pkg/clickhouse/store.ts';
import { loadFeed } from '#pkg/feeds/catalogue/load-feed.ts';
import type { Feed, RankedPost, SettingValue } from '#pkg/feeds/feed.ts';
import { createFactReader } from '#pkg/feeds/ranking/facts.ts';
import { createFollows } from '#pkg/feeds/ranking/follows.ts';
import { readRow } from '#pkg/feeds/ranking/rows.ts';
import { sift } from '#pkg/feeds/ranking/sift.ts';
import { createRanker } from '#pkg/feeds/ranking/ranker.ts';
import { paramsOf } from '#pkg/feeds/ranking/statement.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { collections } from '#pkg/atproto/collections.ts';
import type { Facts } from '#testing/lenses/facts.ts';
import type { Asked, ExpectedPost } from './model.ts';

/** Reads a feed's folder; throws with its mistakes where it has any. */
export const feedIn = async (folder: string): Promise<Feed> => {
  const read = await loadFeed({ folder, origin: 'skyflow' });
  if (!read.ok) throw new Error(read.mistakes.join('\n'));
  // All rows are compared, not the first page's worth.
  return { ...read.value, maxPosts: 5_000 };
};

/** A feed with other settings. */
export const withSettings = (feed: Feed, settings: Readonly<Record<string, SettingValue>>): Feed => ({
  ...feed,
  settings: { ...feed.settings, ...settings },
});

type Moment = Pick<Asked, 'nowMs' | 'viewer'>;
type Row = Readonly<Record<string, string | number>>;

/** Asks an index for a feed and tells how its rows differ from those expected. */
export class FeedAsker {
  readonly keys: Keys;
  readonly #store: ClickHouse;
  readonly #uris: ReadonlyMap<string, string>;

  private constructor(store: ClickHouse, keys: Keys, facts: Facts) {
    this.#store = store;
    this.keys = keys;
    this.#uris = new Map(facts.posts.map(({ uri, author }) => [`${keys.actorId(author)}:${this.keyOf(uri)}`, uri]));
  }

  static async open(store: ClickHouse, facts: Facts): Promise<FeedAsker> {
    return new FeedAsker(store, createKeys(await loadSalt(store)), facts);
  }

  /** The key of the record of this at-uri. */
  readonly keyOf = (uri: string): bigint => {
    const [, , , collection = '', rkey = ''] = uri.split('/');
    return this.keys.subjectKey(collection, rkey).key;
  };

  /** What is shown of a feed, as rows: what its statement returned, and nothing that was left out for what a post is. */
  async rows(feed: Feed, { viewer, nowMs }: Moment, members: readonly string[] = []): Promise<Row[]> {
    const ranker = createRanker({
      store: this.#store,
      keys: this.keys,
      rules: { members: () => new Set(members), isBanned: () => false },
      blockedLabels: new Set(),
      clock: new ManualClock(nowMs),
      log: createLogger({ level: 'silent' }),
    });
    const who = { did: viewer, id: this.keys.actorId(viewer) };
    const { posts } = await ranker.rank(feed, { viewer: feed.personal ? who : undefined, langs: [] });
    return posts.map((post) => ({
      uri: post.uri,
      score: post.score,
      ...post.parts,
      ...(feed.sql.includes('reposter_id') ? this.#repostOf(post) : {}),
      reason: post.reason?.kind === 'pin' ? 'pin' : '',
    }));
  }

  #repostOf({ reason }: RankedPost): Row {
    if (reason?.kind !== 'repost') return { reposter_id: '0', repost_tid: '0' };
    const { did = '', rkey = '' } = parseAtUri(reason.uri) ?? {};
    const { key } = this.keys.recordKey(collections.repost, rkey);
    return { reposter_id: String(this.keys.actorId(did)), repost_tid: String(key) };
  }

  /** The feed's conditions that a post does not meet, by name. */
  async unmet(feed: Feed, asked: Moment, post: string, members: readonly string[] = []): Promise<string[]> {
    const sql = feed.why ?? '';
    const query = defineQuery<Record<string, unknown>, Row>({ name: `${feed.rkey}_why`, sql });
    const rows = await this.#store.query(query, {
      ...(await this.#params({ ...feed, sql }, asked, members)),
      post_actor: this.keys.actorId(post.split('/')[2] ?? ''),
      post_tid: this.keyOf(post),
    });
    if (rows.length === 0) throw new Error(`${feed.rkey} has no conditions`);
    const unmet = rows.filter(({ ok }) => ok === 0).map(({ name }) => String(name));
    return [...unmet, ...(await this.#filtersOf(feed, asked, post))];
  }

  /** What keeps it out of every feed of this kind. */
  async #filtersOf(feed: Feed, { viewer }: Moment, post: string): Promise<string[]> {
    const candidate = readRow({ uri: post, score: 0 }, this.keys);
    if (candidate === undefined) return ['malformed'];
    const viewerId = feed.personal ? this.keys.actorId(viewer) : undefined;
    const facts = await createFactReader(this.#store).read([candidate], { viewerId });
    const { dropped } = sift([candidate], { feed, facts, isBanned: () => false, blockedLabels: new Set() });
    return Object.entries(dropped).flatMap(([filter, count]) => (count === 0 ? [] : [filter]));
  }

  async #params(feed: Feed, { viewer, nowMs }: Moment, members: readonly string[]): Promise<Record<string, unknown>> {
    const who = { did: viewer, id: this.keys.actorId(viewer) };
    const follows = await createFollows(this.#store, new ManualClock(nowMs)).of(who, feed);
    return paramsOf(feed, { viewer: who, follows, langs: [], members: new Set(members), nowMs, keys: this.keys });
  }

  /** Where the rows are not what is expected, in words; none means that they agree to the last figure and in their order. */
  differences(expected: readonly ExpectedPost[], rows: readonly Row[]): string[] {
    const found = new Map(rows.map((row) => [this.uriOf(row), row]));
    const wrong = expected.flatMap((post) => this.#wrongAbout(post, found.get(post.uri)));
    if (rows.length !== found.size) wrong.push(`${rows.length - found.size} rows are repeated`);
    for (const uri of found.keys())
      if (!expected.some((post) => post.uri === uri)) wrong.push(`${uri} should not be there`);
    const scores = rows.map((row) => Number(row['score']));
    if (scores.some((score, at) => score > (scores[at - 1] ?? Infinity))) wrong.push('the rows are in no order');
    return wrong;
  }

  uriOf(row: Row): string {
    if (row['uri'] !== undefined) return String(row['uri']);
    const key = `${row['actor_id']}:${row['tid']}`;
    return this.#uris.get(key) ?? `unknown post ${key}`;
  }

  #wrongAbout({ uri, score, parts, repost }: ExpectedPost, row: Row | undefined): string[] {
    if (row === undefined) return [`${uri} is missing`];
    const numbers = Object.entries({ score, ...parts }).filter(([name, value]) => !areClose(Number(row[name]), value));
    const wrong = numbers.map(([name, value]) => `${uri}: ${name} is ${row[name]}, should be ${value}`);
    if (row['reposter_id'] === undefined) return wrong;
    const wanted = repost === undefined ? '0 0' : `${this.keys.actorId(repost.did)} ${repost.keyUs}`;
    const got = `${row['reposter_id']} ${BigInt(row['repost_tid'] ?? 0) >> 10n}`;
    return got === wanted ? wrong : [...wrong, `${uri}: reposted by ${got}, should be ${wanted}`];
  }
}

const areClose = (one: number, other: number): boolean => Math.abs(one - other) <= 1e-8 * Math.max(1, Math.abs(other));
