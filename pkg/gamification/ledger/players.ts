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

/** A row in `players` is not there, or came while we looked: the transaction is to be made anew, as one that makes rows. */
export class MissingRowError extends Error {
  override readonly name = 'MissingRowError';
}

/** Makes the rows in `players` of those users who are here and have none, and locks all. */
export async function makeAndLock(
  tx: Querier,
  userIds: readonly string[],
): Promise<{ readonly made: readonly string[]; readonly locked: readonly string[] }> {
  const made = await idsOf(tx, MAKE, userIds);
  return { made, locked: await idsOf(tx, LOCK, userIds) };
}

/**
 * Locks these users' rows until the transaction ends, and reads them. Nearly all are there: so only with `making` those are
 * made that are not, before anything is locked, so that nobody waits in a circle. Where a row was made and the ledger knows
 * the user, all that is made of the ledger is made again first: the row went and the ledger did not.
 * @throws MissingRowError
 */
export async function lockPlayers(
  tx: Querier,
  userIds: readonly string[],
  making: boolean,
): Promise<Map<string, Player | Absent>> {
  const { made, locked } = making
    ? await makeAndLock(tx, userIds)
    : { made: [], locked: await idsOf(tx, LOCK, userIds) };
  if (!making && locked.length < userIds.length) throw new MissingRowError('a user has no row');
  const lost = made.length === 0 ? [] : await idsOf(tx, WITH_LEDGER, made);
  if (lost.length > 0) await rebuildUsers(tx, lost);
  const ours = new Set(locked);
  const players = new Map<string, Player | Absent>();
  for (const [userId, player] of await readPlayers(tx, userIds)) {
    const isHere = player === 'new' || typeof player !== 'string';
    if (player === 'new' || (isHere && !ours.has(userId))) throw new MissingRowError('a user came back just now');
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
  const { rows } = await querier.query<{ players: PlayerRow[] | null }>(READ, [userIds]);
  const players = new Map<string, Player | Absent | 'new'>(userIds.map((userId) => [userId, 'unknown user']));
  for (const row of rows[0]?.players ?? []) {
    if (row.has_left) players.set(row.user_id, 'left');
    else players.set(row.user_id, row.has_row ? toPlayer(row) : 'new');
  }
  return players;
}

async function idsOf(tx: Querier, sql: string, userIds: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ user_id: string }>(sql, [userIds]);
  return rows.map((row) => row.user_id);
}
