import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { AskRedis } from './ask-redis.ts';
import { KEYS, weekKeys } from './board.ts';
import type { BoardWriter } from './write.ts';

export interface RebuildProgress {
  /** Users gone through so far. */
  readonly done: number;
  /** Users there were at the beginning. */
  readonly total: number;
}

export interface Rebuilt {
  /** Users gone through. */
  readonly players: number;
  /** Who stood on a board without being anybody in Postgres. */
  readonly removed: number;
}

export interface RebuildOptions {
  readonly redis: AskRedis;
  readonly postgres: Pick<Postgres, 'query'>;
  readonly writer: BoardWriter;
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const sql = {
  count: readSql(import.meta.url, 'count-players.sql'),
  page: readSql(import.meta.url, 'players-page.sql'),
  without: readSql(import.meta.url, 'without-player.sql'),
};
const PAGE = 500;

/**
 * Makes the boards anew of what Postgres has now, beside whoever else writes them. The versions go first: the database may be a
 * restored one, whose versions are lower than those that Redis has seen. Everybody is then gone through, so what a slower writer
 * puts there meanwhile is overwritten by a later version. Nobody who should stand there is missing in between, where they stood before.
 */
export async function rebuild({ redis, postgres, writer, onProgress, signal }: RebuildOptions): Promise<Rebuilt> {
  const weeks = writer.weeks();
  await redis((client) => client.del(KEYS.built, KEYS.versions, ...weeks.map(KEYS.weeklyVersions)));
  const counted = await onPostgres(postgres.query<{ players: number }>(sql.count));
  const total = counted.rows[0]?.players ?? 0;
  let players = 0;
  let after: string | undefined = '';
  while (after !== undefined) {
    signal?.throwIfAborted();
    const page: readonly string[] = await idsOf(postgres, sql.page, [after, PAGE]);
    await writer.refresh(page);
    players += page.length;
    onProgress?.({ done: players, total });
    after = page.length < PAGE ? undefined : page.at(-1);
  }
  let removed = 0;
  for (const key of [KEYS.global, ...weeks.map((monday) => weekKeys(monday)[0])]) {
    for await (const members of membersOf(redis, key)) {
      signal?.throwIfAborted();
      const without = await idsOf(postgres, sql.without, [members]);
      if (without.length > 0) removed += await writer.remove(without, { always: false });
    }
  }
  return { players, removed };
}

async function idsOf(
  postgres: RebuildOptions['postgres'],
  text: string,
  params: readonly unknown[],
): Promise<readonly string[]> {
  const { rows } = await onPostgres(postgres.query<{ user_id: string }>(text, params));
  return rows.map(({ user_id }) => user_id);
}

/** All members, each at least once. */
async function* membersOf(redis: AskRedis, key: string): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, pairs] = await redis((client) => client.zscan(key, cursor, 'COUNT', PAGE));
    const members = pairs.filter((_, at) => at % 2 === 0);
    if (members.length > 0) yield members;
    cursor = next;
  } while (cursor !== '0');
}
