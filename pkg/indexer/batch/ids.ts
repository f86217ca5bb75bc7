import type { AtUri } from '#pkg/atproto/at-uri.ts';
import type { Keys, RecordKey } from '#pkg/clickhouse/keys.ts';

/** What the writer of rows asks about the network's names. */
export interface Ids {
  actorId(did: string): bigint;
  /** The key of an account's own record. */
  recordKey(collection: string, rkey: string): bigint;
  /** The key of a record that another points at. */
  subjectKey(collection: string, rkey: string): bigint;
}

/** Called for a DID or odd record key that may not be stored yet. */
export interface NewIds {
  onActor(id: bigint, did: string): void;
  onOddKey(key: bigint, collection: string, rkey: string): void;
}

/**
 * A map that forgets: two generations, and when the young one is full the old one goes. Constant memory and no
 * bookkeeping a hit, which an LRU list would need.
 */
class RecentMap<Value> {
  readonly #limit: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

/** DIDs per generation: about 40 MB in all, and enough for the accounts active within an hour. */
const recentActors = 150_000;
const recentOddKeys = 10_000;

/**
 * Gives ids and reports each name once, or once more after it was forgotten: those reports become rows of `actors` and
 * `odd_keys`, which merge repetitions away.
 */
export const createIds = (keys: Keys, news: NewIds): Ids => {
  const actors = new RecentMap<bigint>(recentActors);
  const oddKeys = new RecentMap<bigint>(recentOddKeys);
  const keep = ({ key, odd }: RecordKey, collection: string, rkey: string): bigint => {
    if (!odd) return key;
    const text = `${collection}/${rkey}`;
    if (oddKeys.get(text) === undefined) {
      oddKeys.set(text, key);
      news.onOddKey(key, collection, rkey);
    }
    return key;
  };
  return {
    actorId: (did) => {
      const known = actors.get(did);
      if (known !== undefined) return known;
      const id = keys.actorId(did);
      actors.set(did, id);
      news.onActor(id, did);
      return id;
    },
    recordKey: (collection, rkey) => keep(keys.recordKey(collection, rkey), collection, rkey),
    subjectKey: (collection, rkey) => keep(keys.subjectKey(collection, rkey), collection, rkey),
  };
};

/** The pair of ids of a record referred to; two zeros for none. */
export const refIds = (ids: Ids, ref: AtUri | undefined): readonly [bigint, bigint] =>
  ref === undefined ? [0n, 0n] : [ids.actorId(ref.did), ids.subjectKey(ref.collection, ref.rkey)];
