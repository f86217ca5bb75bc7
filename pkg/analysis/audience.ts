import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { inParts } from '#pkg/clickhouse/in-parts.ts';
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
  const mutual = await inParts(followed, (ids) => store.query(followBackQuery, { subject: id, ids }, { signal }));
  return mutual.map((row) => BigInt(row.id));
};
