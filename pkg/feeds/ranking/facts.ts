import { collections } from '#pkg/atproto/collections.ts';
import { formatTid, tidTimeUs } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { PostRef } from '../feed.ts';
import type { Candidate } from './rows.ts';

/** What the tables say about a post. */
export interface PostFacts {
  readonly deleted: boolean;
  readonly langs: readonly string[];
  readonly tags: readonly string[];
  /** Those that its author gave it. */
  readonly labels: readonly string[];
}

/** What is known about the posts of a statement and about the accounts behind them. */
export interface Facts {
  /** Undefined: never seen. */
  post(ref: PostRef): PostFacts | undefined;
  /** Undefined: never seen. */
  did(actorId: bigint): string | undefined;
  isInactive(actorId: bigint): boolean;
  /** The at-uri of a post or repost; undefined where its account or its record key is not known. */
  uri(ref: PostRef, kind: 'post' | 'repost'): string | undefined;
}

interface FactRow {
  kind: 'post' | 'account' | 'inactive' | 'odd_key';
  id: string;
  key: string;
  flag: number;
  text: string;
  langs: string[];
  tags: string[];
  labels: string[];
}

const factsQuery = defineQuery<Record<string, readonly unknown[]>, FactRow>({
  name: 'feed_facts',
  sql: readSql(import.meta.url, 'facts.sql'),
  settings: {
    max_execution_time: 10,
    // As for the boards (pkg/analysis/board.ts): finding many single rows, not reading much.
    merge_tree_coarse_index_granularity: 2,
    max_threads: 1,
  },
});

/** Posts of one statement: each takes some 45 bytes of its text, and a server takes them in an address of bounded length. */
const postsAtOnce = 2_000;

const keyOf = ({ actorId, tid }: PostRef): string => `${actorId}:${tid}`;

/** Reads facts. What never changes is looked up once only. */
export interface FactReader {
  /** About these posts and the accounts behind them, in one statement unless there are thousands. */
  read(candidates: readonly Candidate[], signal?: AbortSignal): Promise<Facts>;
}

/** DIDs that are remembered: an account's never changes, and a feed has much the same authors every time. */
const maxDids = 100_000;

export const createFactReader = (store: ClickHouse): FactReader => {
  const dids = new Map<bigint, string>();
  return {
    read: async (candidates, signal) => {
      const posts = [...new Map(candidates.map((one) => [keyOf(one), one])).values()];
      const rows: FactRow[] = [];
      const named = new Map<bigint, string>();
      for (let from = 0; from < posts.length; from += postsAtOnce) {
        const accounts = accountsOf(posts.slice(from, from + postsAtOnce));
        for (const id of accounts) named.set(id, dids.get(id) ?? '');
        const unnamed = accounts.filter((id) => !dids.has(id));
        const params = { ...paramsOf(posts.slice(from, from + postsAtOnce)), accounts, unnamed };
        rows.push(...(await store.query(factsQuery, params, { signal })));
      }
      for (const { kind, id, text } of rows) {
        if (kind !== 'account' || text === '') continue;
        named.set(BigInt(id), text);
        if (dids.size >= maxDids) dids.clear();
        dids.set(BigInt(id), text);
      }
      return factsOf(rows, named);
    },
  };
};

const repostsOf = (posts: readonly Candidate[]) =>
  posts.flatMap(({ reason }) => (typeof reason === 'object' ? [reason] : []));

const accountsOf = (posts: readonly Candidate[]): bigint[] => [
  ...new Set([...posts, ...repostsOf(posts)].map(({ actorId }) => actorId)),
];

/** The last day that a Date can be: where the table has all later ones. */
const lastDay = 65_535;
const dayMs = 86_400_000;
/** `author_posts.day` of a post. */
const dayOf = (tid: bigint): string => {
  const day = isTidKey(tid) ? Math.min(lastDay, Math.floor(tidTimeUs(tid) / 1000 / dayMs)) : 0;
  return new Date(day * dayMs).toISOString().slice(0, 10);
};

const paramsOf = (posts: readonly Candidate[]): Record<string, readonly unknown[]> => {
  const tids = posts.map(({ tid }) => tid);
  return {
    ids: posts.map(({ actorId }) => actorId),
    tids,
    days: [...new Set(tids.map(dayOf))],
    odd: [...tids, ...repostsOf(posts).map(({ tid }) => tid)].filter((tid) => !isTidKey(tid)),
  };
};

const factsOf = (rows: readonly FactRow[], dids: ReadonlyMap<bigint, string>): Facts => {
  const posts = new Map<string, PostFacts>();
  const inactive = new Set<bigint>();
  const oddKeys = new Map<bigint, string>();
  for (const { kind, id, key, flag, text, langs, tags, labels } of rows) {
    if (kind === 'post') posts.set(`${id}:${key}`, { deleted: flag === 1, langs, tags, labels });
    // The newest state says that the account is back where it is `deleted`.
    else if (kind === 'inactive' && flag === 0) inactive.add(BigInt(id));
    else if (kind === 'odd_key') oddKeys.set(BigInt(key), text);
  }
  return {
    post: (ref) => posts.get(keyOf(ref)),
    did: (actorId) => dids.get(actorId) || undefined,
    isInactive: (actorId) => inactive.has(actorId),
    uri: ({ actorId, tid }, kind) => {
      const did = dids.get(actorId);
      const rkey = isTidKey(tid) ? formatTid(tid) : oddKeys.get(tid);
      return did && rkey ? `at://${did}/${collections[kind]}/${rkey}` : undefined;
    },
  };
};
