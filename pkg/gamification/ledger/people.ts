import type { Tier } from '#pkg/contracts/tiers.ts';
import type { Postgres, Querier } from '#pkg/postgres/client.ts';
import { type Absent, lockPlayers } from './players.ts';
import { ledgerSql } from './sql.ts';

const LOCK_USER = ledgerSql('lock-user');
const CLAIM = ledgerSql('claim-player');
const LOCK = ledgerSql('lock-players');
const ERASE = ledgerSql('erase');
const SET_TIER = ledgerSql('set-tier');
const TIER_AT = ledgerSql('tier-at');
const SET_HIDDEN = ledgerSql('set-hidden');

/** Deletes all that gamification has of a user, unless they are here. */
export async function eraseWithin(tx: Querier, userId: string): Promise<'erased' | 'is here'> {
  const { rows } = await tx.query<{ is_here: boolean }>(LOCK_USER, [userId]);
  if (rows[0]?.is_here === true) return 'is here';
  // One after the other: whoever is making the row or writes under its lock ends first, and the last statement sees all of theirs.
  await tx.query(CLAIM, [userId]);
  await tx.query(LOCK, [[userId]]);
  await tx.query(ERASE, [userId]);
  return 'erased';
}

/** A tier from a moment on. News that is older than what is known is kept for days that are judged late. */
export async function setTierWithin(
  tx: Querier,
  userId: string,
  change: { readonly tier: Tier; readonly atMs: number },
): Promise<'set' | Absent> {
  const player = (await lockPlayers(tx, [userId], true)).get(userId) ?? 'unknown user';
  if (typeof player === 'string') return player;
  await tx.query(SET_TIER, [userId, change.tier, change.atMs]);
  return 'set';
}

export async function setHiddenWithin(tx: Querier, userId: string, hidden: boolean): Promise<'set' | Absent> {
  const player = (await lockPlayers(tx, [userId], true)).get(userId) ?? 'unknown user';
  if (typeof player === 'string') return player;
  await tx.query(SET_HIDDEN, [userId, hidden]);
  return 'set';
}

/** The tiers of those who have a row; a change at that very moment counts. */
export async function readTiers(
  postgres: Postgres,
  userIds: readonly string[],
  ms: number,
): Promise<Map<string, Tier>> {
  const { rows } = await postgres.query<{ user_id: string; tier: Tier }>(TIER_AT, [userIds, ms]);
  return new Map(rows.map((row) => [row.user_id, row.tier]));
}
