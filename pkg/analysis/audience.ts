import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { Audience } from '#pkg/contracts/lens.ts';

const followedQuery = defineQuery<{ subject: bigint }, { id: string }>({
  name: 'audience',
  sql: readSql(import.meta.url, 'sql/audience.sql'),
});

const followBackQuery = defineQuery<{ subject: bigint; ids: readonly bigint[] }, { id: string }>({
  name: 'audience_follow_back',
  sql: readSql(import.meta.url, 'sql/follow-back.sql'),
});

/** As many ids as go into one statement: its text grows by some 20 bytes an id. */
export const idsAtOnce = 5_000;

/** Parts of at most `idsAtOnce` ids. */
export const partsOf = (ids: readonly bigint[]): bigint[][] =>
  Array.from({ length: Math.ceil(ids.length / idsAtOnce) }, (_, at) => ids.slice(at * idsAtOnce, (at + 1) * idsAtOnce));

/**
 * The accounts whose posts `id` is shown, lowest id first; inactive ones are still among them. Their ids then stand in the
 * statements that read them: given as a sub-query, an audience would be worked out again wherever it is named, and not be
 * used to search an index.
 */
export const readAudience = async (
  store: ClickHouse,
  { id, audience }: { readonly id: bigint; readonly audience: Audience },
  signal?: AbortSignal,
): Promise<bigint[]> => {
  const followed = (await store.query(followedQuery, { subject: id }, { signal })).map((row) => BigInt(row.id));
  if (audience === 'following') return followed;
  const mutual: bigint[] = [];
  for (const ids of partsOf(followed)) {
    const rows = await store.query(followBackQuery, { subject: id, ids }, { signal });
    mutual.push(...rows.map((row) => BigInt(row.id)));
  }
  return mutual;
};
