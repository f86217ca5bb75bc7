import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';

/** What the index knows of the account a question is about. */
export interface Subject {
  readonly handle: string | null;
  readonly active: boolean;
  /** Empty, or why it is not active: deactivated, takendown, ... */
  readonly status: string;
}

const subjectQuery = defineQuery<
  { id: bigint },
  { seen: string; handle: string; heard: string; active: number; status: string }
>({
  name: 'lens_subject',
  sql: `SELECT count() AS seen, tupleElement(max(handle), 2) AS handle,
    tupleElement(max(account) AS newest, 1) AS heard, tupleElement(newest, 2) AS active, tupleElement(newest, 3) AS status
  FROM actors WHERE actor_id = {id:UInt64}`,
});

/** Undefined for an account that no event was about and no record pointed at. */
export const readSubject = async (
  store: ClickHouse,
  id: bigint,
  signal?: AbortSignal,
): Promise<Subject | undefined> => {
  const [row] = await store.query(subjectQuery, { id }, { signal });
  if (row === undefined || Number(row.seen) === 0) return undefined;
  return {
    handle: row.handle === '' ? null : row.handle,
    active: row.heard === '0' || row.active === 1,
    status: row.status,
  };
};
