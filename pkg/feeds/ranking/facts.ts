import { collections } from '#pkg/atproto/collections.ts';
import { formatTid, tidTimeUs } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import { inParts } from '#pkg/clickhouse/in-parts.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { PostRef } from '../feed.ts';
import type { Candidate } from './rows.ts';

/** What the tables say about a post. */
export interface PostFacts {
  readonly deleted: boolean;
  readonly isReply: boolean;
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
  /** Whether the viewer blocks the account, or it the viewer. */
  isBlocked(actorId: bigint): boolean;
  /** The at-uri of a post or repost; undefined where its account or its record key is not known. */
  uri(ref: PostRef, kind: 'post' | 'repost'): string | undefined;
}

interface PostRow {
  actor_id: string;
  tid: string;
  deleted: number;
  is_reply: number;
  langs: string[];
  tags: string[];
  labels: string[];
}

interface AccountRow {
  kind: 'named' | 'inactive' | 'blocked';
  id: string;
  text: string;
}

/** As for the boards (pkg/analysis/board.ts): finding many single rows, not reading much. */
const settings = { max_execution_time: 10, merge_tree_coarse_index_granularity: 2, max_threads: 1 };

const postsQuery = defineQuery<Record<'ids' | 'tids', readonly bigint[]> & { days: readonly string[] }, PostRow>({
  name: 'feed_posts',
  sql: readSql(import.meta.url, 'posts.sql'),
  settings,
});
const accountsQuery = defineQuery<
  Record<'accounts' | 'unnamed', readonly bigint[]> & { readonly viewer: bigint },
  AccountRow
>({
  name: 'feed_accounts',
  sql: readSql(import.meta.url, 'accounts.sql'),
  settings,
});
const oddKeysQuery = defineQuery<{ keys: readonly bigint[] }, { key: string; text: string }>({
  name: 'feed_odd_keys',
  sql: readSql(import.meta.url, 'odd-keys.sql'),
  settings,
});

const keyOf = ({ actorId, tid }: PostRef): string => `${actorId}:${tid}`;

/** For whom facts are read. */
export interface Asking {
  /** Undefined: for all. */
  readonly viewerId: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads facts. What never changes is looked up once only. */
export interface FactReader {
  /** About these posts and the accounts behind them, in two statements side by side. */
  read(candidates: readonly Candidate[], who: Asking): Promise<Facts>;
}

/** DIDs that are remembered: an account's never changes, and a feed has much the same authors every time. */
const maxDids = 100_000;

export const createFactReader = (store: ClickHouse): FactReader => {
  const dids = new Map<bigint, string>();

  const readAccounts = async (candidates: readonly Candidate[], { viewerId, signal }: Asking): Promise<Accounts> => {
    const accounts = accountsOf(candidates);
    // As it is now: others may make room in the memory meanwhile.
    const named = new Map(accounts.map((id) => [id, dids.get(id) ?? '']));
    const unnamed = accounts.filter((id) => named.get(id) === '');
    const rows = await store.query(accountsQuery, { accounts, unnamed, viewer: viewerId ?? 0n }, { signal });
    const of = (wanted: AccountRow['kind']) => rows.filter(({ kind }) => kind === wanted);
    for (const { id, text } of of('named')) {
      if (text === '') continue;
      named.set(BigInt(id), text);
      if (dids.size >= maxDids) dids.clear();
      dids.set(BigInt(id), text);
    }
    const ids = (kind: AccountRow['kind']) => new Set(of(kind).map(({ id }) => BigInt(id)));
    return { named, inactive: ids('inactive'), blocked: ids('blocked') };
  };

  const readOddKeys = async (candidates: readonly Candidate[], signal: AbortSignal | undefined) => {
    const odd = [...candidates, ...repostsOf(candidates)].map(({ tid }) => tid).filter((tid) => !isTidKey(tid));
    const rows = odd.length === 0 ? [] : await store.query(oddKeysQuery, { keys: odd }, { signal });
    return new Map(rows.map(({ key, text }) => [BigInt(key), text]));
  };

  return {
    read: async (candidates, who) => {
      if (candidates.length === 0) return factsOf([], nobody, new Map());
      const posts = [...new Map(candidates.map((one) => [keyOf(one), one])).values()];
      const [accounts, rows, oddKeys] = await Promise.all([
        readAccounts(candidates, who),
        inParts(posts, (part) => store.query(postsQuery, paramsOf(part), { signal: who.signal })),
        readOddKeys(candidates, who.signal),
      ]);
      return factsOf(rows, accounts, oddKeys);
    },
  };
};

/** What is known about the accounts behind posts. */
interface Accounts {
  /** DIDs; empty where none is known. */
  readonly named: ReadonlyMap<bigint, string>;
  readonly inactive: ReadonlySet<bigint>;
  /** With a block between them and the viewer. */
  readonly blocked: ReadonlySet<bigint>;
}

const nobody: Accounts = { named: new Map(), inactive: new Set(), blocked: new Set() };

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

const paramsOf = (posts: readonly Candidate[]) => {
  const tids = posts.map(({ tid }) => tid);
  return { ids: posts.map(({ actorId }) => actorId), tids, days: [...new Set(tids.map(dayOf))] };
};

const factsOf = (
  rows: readonly PostRow[],
  { named, inactive, blocked }: Accounts,
  oddKeys: ReadonlyMap<bigint, string>,
): Facts => {
  const posts = new Map<string, PostFacts>();
  for (const { actor_id, tid, deleted, is_reply, langs, tags, labels } of rows) {
    posts.set(`${actor_id}:${tid}`, { deleted: deleted === 1, isReply: is_reply === 1, langs, tags, labels });
  }
  return {
    post: (ref) => posts.get(keyOf(ref)),
    did: (actorId) => named.get(actorId) || undefined,
    isInactive: (actorId) => inactive.has(actorId),
    isBlocked: (actorId) => blocked.has(actorId),
    uri: ({ actorId, tid }, kind) => {
      const did = named.get(actorId);
      const rkey = isTidKey(tid) ? formatTid(tid) : oddKeys.get(tid);
      return did && rkey ? `at://${did}/${collections[kind]}/${rkey}` : undefined;
    },
  };
};
