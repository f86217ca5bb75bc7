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
const idsAtOnce = 5_000;
/** So few are not worth a second statement. */
const idsTogether = 100;
/** Parts under way at the same time: one for each core of a small machine, since much of a statement runs on one thread. */
const partsAtOnce = 2;

/**
 * Asks about ids in parts, two at a time, and returns all rows together. The order of the rows says nothing.
 * @throws whatever the first part that fails throws; the others are waited for
 */
export const inParts = async <Row>(
  ids: readonly bigint[],
  ask: (part: readonly bigint[]) => Promise<readonly Row[]>,
): Promise<Row[]> => {
  const parts = Math.max(Math.ceil(ids.length / idsAtOnce), ids.length > idsTogether ? partsAtOnce : 1);
  const size = Math.ceil(ids.length / parts);
  const waiting = Array.from({ length: ids.length === 0 ? 0 : parts }, (_, at) =>
    ids.slice(at * size, (at + 1) * size),
  );
  const rows: Row[] = [];
  const work = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) rows.push(...(await ask(part)));
  };
  const results = await Promise.allSettled(Array.from({ length: partsAtOnce }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return rows;
};

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
