import { isDid, isHandle, typedHandle } from '#pkg/atproto/syntax.ts';
import { createEvent, type BusEvent, EVENTS } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { insertEvents } from '#pkg/outbox/table.ts';
import type { Postgres, Querier } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import { coreSql } from './sql.ts';

/** Somebody who uses Skyflow. */
export interface User {
  readonly did: string;
  readonly handle: string | null;
  readonly tier: Tier;
  readonly createdAt: Date;
}

interface UserRow {
  did: string;
  handle: string | null;
  tier: Tier;
  created_at: Date;
}

const fromRow = (row: UserRow): User => ({
  did: row.did,
  handle: row.handle,
  tier: row.tier,
  createdAt: row.created_at,
});

/** The user, or undefined for one that never signed in or has left. */
export async function readUser(postgres: Postgres, did: string): Promise<User | undefined> {
  const { rows } = await onPostgres(
    postgres.query<UserRow>('SELECT did, handle, tier, created_at FROM users WHERE did = $1 AND deleted_at IS NULL', [
      did,
    ]),
  );
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** A sign-in that was proved. */
export interface SignIn {
  readonly did: string;
  readonly handle: string | null;
  /** Handle or DID of a user who brought them here, as they typed it. Counts at the very first sign-in only. */
  readonly referrer?: string | undefined;
  readonly correlationId: string;
  readonly nowMs: number;
}

/** What a sign-in did to the user's row, and the events that stand in the outbox for it. */
export interface SignedIn {
  readonly user: User;
  /** The first sign-in, or the first after leaving. */
  readonly registered: boolean;
  readonly events: readonly BusEvent[];
}

const SIGN_IN = coreSql('sign-in');
const REFERRER = coreSql('referrer');

/** The DID of whom they named; null where that is no user, or themselves: a link that somebody mistyped stops no sign-in. */
async function findReferrer(tx: Querier, referrer: string): Promise<string | null> {
  const typed = referrer.trim();
  const who = isDid(typed) ? typed : typedHandle(typed);
  if (!isDid(who) && !isHandle(who)) return null;
  const { rows } = await tx.query<{ did: string }>(REFERRER, [who]);
  return rows.length === 1 ? (rows[0]?.did ?? null) : null;
}

/** Makes or updates the user, and writes the event that tells it into the same transaction. */
export function recordSignIn(postgres: Postgres, signIn: SignIn): Promise<SignedIn> {
  const { did, handle, correlationId, nowMs } = signIn;
  return onPostgres(
    postgres.transaction(async (tx) => {
      // Locked, so that of two who come back at once one is the first.
      const before = await tx.query<{ handle: string | null; deleted_at: Date | null }>(
        'SELECT handle, deleted_at FROM users WHERE did = $1 FOR UPDATE',
        [did],
      );
      const [known] = before.rows;
      const referredBy = known === undefined ? await findReferrer(tx, signIn.referrer ?? '') : null;
      const values = [did, handle, new Date(nowMs), referredBy];
      const { rows } = await tx.query<UserRow & { inserted: boolean }>(SIGN_IN, values);
      const [row] = rows;
      if (row === undefined) throw new TypeError('an upsert returned no row');
      const registered = row.inserted || (known !== undefined && known.deleted_at !== null);
      const envelope = { aggregateId: did, correlationId, nowMs };
      const shown = handle ?? '';
      const events: BusEvent[] = [];
      if (registered) {
        const fields = { userId: did, handle: shown, tier: row.tier, referrerId: referredBy ?? '' };
        events.push(createEvent(EVENTS.userRegistered, envelope, fields));
      } else if (known !== undefined && known.handle !== handle) {
        const fields = { userId: did, handle: shown, changed: ['handle'] };
        events.push(createEvent(EVENTS.userUpdated, envelope, fields));
      }
      await insertEvents(tx, events, nowMs);
      return { user: fromRow(row), registered, events };
    }),
  );
}
