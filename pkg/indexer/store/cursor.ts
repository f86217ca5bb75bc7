import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { z } from 'zod';

/** The little of Redis that a cursor needs. */
export interface CursorRedis {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<unknown>;
}

/** Where reading goes on: everything up to `timeUs` from `origin` is durable. */
export interface Cursor {
  readonly timeUs: number;
  readonly origin: string;
}

export const cursorKey = 'indexer:cursor';

const stored = z.object({ timeUs: z.number().int().positive(), origin: z.string() });

const lastLogged = defineQuery<Record<string, never>, { cursor_us: string; source: string }>({
  name: 'indexer_last_cursor',
  sql: 'SELECT cursor_us, source FROM ingest_log WHERE resumable = 1 AND cursor_us > 0 ORDER BY flushed_at DESC, cursor_us DESC LIMIT 1',
});

const readRedis = async (redis: CursorRedis): Promise<Cursor | undefined> => {
  const text = await redis.get(cursorKey);
  if (text === null) return undefined;
  try {
    const parsed = stored.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The cursor to resume from. Redis holds it, and each batch's row in `ingest_log` holds it a second time, next to the data:
 * of the two the older counts, so that neither a wiped Redis nor a database restored from a backup makes a silent hole.
 */
export const loadCursor = async (store: ClickHouse, redis: CursorRedis): Promise<Cursor | undefined> => {
  const [logged] = await store.query(lastLogged, {});
  if (logged === undefined) return undefined;
  const fromLog: Cursor = { timeUs: Number(logged.cursor_us), origin: logged.source };
  const fromRedis = await readRedis(redis);
  return fromRedis !== undefined && fromRedis.timeUs < fromLog.timeUs ? fromRedis : fromLog;
};

/** Saves the cursor; call it only when everything before it is durable. */
export const saveCursor = async (redis: CursorRedis, cursor: Cursor): Promise<void> => {
  await redis.set(cursorKey, JSON.stringify(cursor));
};
