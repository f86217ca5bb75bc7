import { formatTid, tidAt } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys, type Keys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import type { Filter, Ranking } from '../feed.ts';

export const nowMs = Date.UTC(2026, 10, 21, 12);
export const did = (name: string): string => `did:plc:${name.padEnd(24, '2')}`;
/** Keys of posts by their number: a greater number is a newer post. */
export const tid = (number: number): bigint => tidAt((nowMs - 3_600_000 + number * 1000) * 1000);
export const uri = (name: string, number: number): string =>
  `at://${did(name)}/app.bsky.feed.post/${formatTid(tid(number))}`;

export interface PostOptions {
  readonly key?: bigint;
  readonly version?: number;
  readonly deleted?: boolean;
  readonly langs?: readonly string[];
  readonly tags?: readonly string[];
  readonly labels?: readonly string[];
}

/** Accounts and posts written straight into the tables. */
export const createWorld = async (store: ClickHouse) => {
  const keys: Keys = createKeys(await loadSalt(store));
  const addPost = (name: string, number: number, options: PostOptions = {}): Promise<void> =>
    store.command(
      `INSERT INTO posts (tid, actor_id, version, deleted, sort_at, seen_at, langs, tags, labels)
       SELECT {tid:UInt64}, {actor:UInt64}, {version:Int64}, {deleted:UInt8}, now64(3), now64(6),
         {langs:Array(String)}, {tags:Array(String)}, {labels:Array(String)}`,
      {
        tid: options.key ?? tid(number),
        actor: keys.actorId(did(name)),
        version: options.version ?? 1,
        deleted: options.deleted === true ? 1 : 0,
        langs: options.langs ?? [],
        tags: options.tags ?? [],
        labels: options.labels ?? [],
      },
    );

  const addActor = (name: string): Promise<void> =>
    store.command('INSERT INTO actors (actor_id, did) SELECT {id:UInt64}, {did:String}', {
      id: keys.actorId(did(name)),
      did: did(name),
    });

  const setState = (name: string, version: number, active: boolean): Promise<void> =>
    store.command(`INSERT INTO inactive_states SELECT {id:UInt64}, {version:UInt64}, 'deactivated', {active:UInt8}`, {
      id: keys.actorId(did(name)),
      version: 2 * version + Number(active),
      active: Number(active),
    });

  const addOddKey = async (collection: string, rkey: string): Promise<bigint> => {
    const { key } = keys.recordKey(collection, rkey);
    await store.command('INSERT INTO odd_keys SELECT {key:UInt64}, {collection:String}, {rkey:String}', {
      key,
      collection,
      rkey,
    });
    return key;
  };
  return { keys, addPost, addActor, setState, addOddKey };
};

export const rowsOf = (columns: string, rows: readonly string[]): string =>
  `SELECT * FROM VALUES('${columns}', ${rows.join(', ')})`;
export const scored = (posts: readonly (readonly [string, number])[]): string =>
  rowsOf(
    'uri String, score Float64',
    posts.map(([at, score]) => `('${at}', ${score})`),
  );
/** The filters that dropped something. */
export const dropped = ({ report }: Ranking): Partial<Record<Filter, number>> =>
  Object.fromEntries(Object.entries(report.dropped).filter(([, count]) => count > 0));
