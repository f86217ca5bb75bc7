import type { Querier } from '#pkg/postgres/client.ts';
import { rebuildUsers } from './rebuild-users.ts';
import { ledgerSql } from './sql.ts';
import { type Player, type PlayerRow, toPlayer } from './stored.ts';

const MAKE = ledgerSql('make-players');
const WITH_LEDGER = ledgerSql('with-ledger');
const LOCK = ledgerSql('lock-players');
const READ = ledgerSql('read-players');
const DROP_NEW = ledgerSql('drop-new-players');

/** Why somebody has no player: they never signed in, or they left. */
export type Absent = 'unknown user' | 'left';

/** Somebody came back between two statements: the transaction is to be made anew. */
export class MovedError extends Error {
  override readonly name = 'MovedError';
}

/**
 * Locks these users' rows in `players` until the transaction ends; makes those of users who are here and have none.
 * Resolves to whose were made, and whose are locked.
 */
export async function lockRows(
  tx: Querier,
  userIds: readonly string[],
): Promise<{ readonly made: readonly string[]; readonly locked: readonly string[] }> {
  const made = await idsOf(tx, MAKE, userIds);
  return { made, locked: await idsOf(tx, LOCK, userIds) };
}

/**
 * Locks these users' rows, and reads them. Where a row was made and the ledger knows the user, all that is made of the
 * ledger is made again first: the row went and the ledger did not.
 * @throws MovedError
 */
export async function lockPlayers(tx: Querier, userIds: readonly string[]): Promise<Map<string, Player | Absent>> {
  const { made, locked } = await lockRows(tx, userIds);
  const lost = made.length === 0 ? [] : await idsOf(tx, WITH_LEDGER, made);
  if (lost.length > 0) await rebuildUsers(tx, lost);
  const ours = new Set(locked);
  const players = new Map<string, Player | Absent>();
  for (const [userId, player] of await readPlayers(tx, userIds)) {
    const isHere = player === 'new' || typeof player !== 'string';
    if (player === 'new' || (isHere && !ours.has(userId))) throw new MovedError('a user came back just now');
    players.set(userId, player);
  }
  const gone = made.filter((userId) => typeof players.get(userId) === 'string');
  if (gone.length > 0) await tx.query(DROP_NEW, [gone]);
  return players;
}

/** These users as they are stored; `new`: they are here and have no row yet. */
export async function readPlayers(
  querier: Querier,
  userIds: readonly string[],
): Promise<Map<string, Player | Absent | 'new'>> {
  const { rows } = await querier.query<PlayerRow>(READ, [userIds]);
  const players = new Map<string, Player | Absent | 'new'>(userIds.map((userId) => [userId, 'unknown user']));
  for (const row of rows) {
    if (row.has_left) players.set(row.user_id, 'left');
    else players.set(row.user_id, row.has_row ? toPlayer(row) : 'new');
  }
  return players;
}

async function idsOf(tx: Querier, sql: string, userIds: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ user_id: string }>(sql, [userIds]);
  return rows.map((row) => row.user_id);
}
