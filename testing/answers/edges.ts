import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { OracleEngagement, OracleFollowCounts } from '#testing/oracle/oracle.ts';
import type { Names } from './names.ts';
import { revisionUs } from './records.ts';
import { select } from './select.ts';

/** One live edge as a table gives it, its integers as texts. */
export type Edge = Record<'actor_id' | 'tid' | 'kind' | 'subject_id' | 'subject_tid' | 'version', string>;

const countedAs = {
  like: ['likes', 'likers'],
  repost: ['reposts', 'reposters'],
  reply: ['replies', 'repliers'],
  quote: ['quotes', 'quoters'],
} as const;

const isReaction = (kind: string): kind is keyof typeof countedAs => Object.hasOwn(countedAs, kind);

/** All live edges of a table that has these columns; `also` supplies those that it has not. */
export const readEdges = (store: ClickHouse, table: string, also: Partial<Edge> = {}): Promise<Edge[]> => {
  const columns = ['actor_id', 'tid', 'kind', 'subject_id', 'subject_tid', 'version'].map((column) => {
    const given = also[column as keyof Edge];
    return given === undefined ? column : `'${given}' AS ${column}`;
  });
  return select<Edge>(store, `SELECT ${columns.join(', ')} FROM ${table} FINAL`);
};

/** Reactions counted by subject, in the oracle's shape. */
export const engagementOf = (edges: readonly Edge[], names: Names): Map<string, OracleEngagement> => {
  const found = new Map<string, OracleEngagement>();
  const people = new Set<string>();
  for (const { kind, actor_id, subject_id, subject_tid } of edges) {
    if (!isReaction(kind)) continue;
    const subject = names.subject(subject_id, subject_tid) ?? 'none';
    const counts = found.get(subject) ?? {
      likes: 0,
      reposts: 0,
      replies: 0,
      quotes: 0,
      likers: 0,
      reposters: 0,
      repliers: 0,
      quoters: 0,
    };
    const [records, accounts] = countedAs[kind];
    counts[records] += 1;
    const person = `${kind} ${actor_id} ${subject}`;
    if (!people.has(person)) counts[accounts] += 1;
    people.add(person);
    found.set(subject, counts);
  }
  return found;
};

/** Pairs of accounts that edges of one kind make, by their author. */
export const pairsOf = (edges: readonly Edge[], kind: string, names: Names): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const edge of edges) {
    if (edge.kind !== kind) continue;
    const did = names.did(edge.actor_id);
    found.set(did, (found.get(did) ?? new Set()).add(names.did(edge.subject_id)));
  }
  return found;
};

/** Different followers and followed accounts: the followers from `followers`, the others from `follows`. */
export const readFollowCounts = async (store: ClickHouse, names: Names): Promise<Map<string, OracleFollowCounts>> => {
  type Row = { id: string; followers: string; following: string };
  const rows = await select<Row>(
    store,
    `SELECT id, sum(a) AS followers, sum(b) AS following FROM
       (SELECT subject_id AS id, uniqExact(actor_id) AS a, 0 AS b FROM followers FINAL GROUP BY subject_id
        UNION ALL
        SELECT actor_id, 0, uniqExact(subject_id) FROM follows FINAL GROUP BY actor_id)
     GROUP BY id`,
  );
  return new Map(
    rows.map((row) => [names.did(row.id), { followers: Number(row.followers), following: Number(row.following) }]),
  );
};

const collectionOf: Readonly<Record<string, string>> = {
  like: 'app.bsky.feed.like',
  repost: 'app.bsky.feed.repost',
  follow: 'app.bsky.graph.follow',
  block: 'app.bsky.graph.block',
};

/** The records that edges stand for, and their revisions: replies and quotes belong to posts, which stand elsewhere. */
export const recordsOf = (
  edges: readonly Edge[],
  names: Names,
): { collection: string; uri: string; revisionUs: number }[] =>
  edges.flatMap((edge) => {
    const collection = collectionOf[edge.kind];
    if (collection === undefined) return [];
    const uri = names.uri(collection, edge.actor_id, edge.tid) ?? 'none';
    return [{ collection, uri, revisionUs: revisionUs(edge.tid, edge.version) }];
  });
