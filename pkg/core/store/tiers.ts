import { createEvent, type BusEvent, EVENTS } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { insertEvents } from '#pkg/outbox/table.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';

/** A tier that somebody is to have from now on. */
export interface TierChange {
  readonly did: string;
  readonly tier: Tier;
  /** For the event: `operator`, `payment`. Who reads it is people. */
  readonly reason: string;
  readonly correlationId: string;
  readonly nowMs: number;
}

/** What became of it, and the events that stand in the outbox for it. `unknown_user`: never signed in, or left. */
export type TierOutcome =
  | { readonly outcome: 'changed'; readonly oldTier: Tier; readonly events: readonly BusEvent[] }
  | { readonly outcome: 'unchanged' | 'unknown_user'; readonly events: readonly [] };

/** Sets a user's tier, and writes the event that tells it into the same transaction. Requests under way keep the old one. */
export function setTier(postgres: Postgres, change: TierChange): Promise<TierOutcome> {
  const { did, tier, reason, correlationId, nowMs } = change;
  return onPostgres(
    postgres.transaction(async (tx): Promise<TierOutcome> => {
      // Locked, so that of two changes at once the second tells the first one's tier as the old.
      const { rows } = await tx.query<{ tier: Tier }>(
        'SELECT tier FROM users WHERE did = $1 AND deleted_at IS NULL FOR UPDATE',
        [did],
      );
      const oldTier = rows[0]?.tier;
      if (oldTier === undefined) return { outcome: 'unknown_user', events: [] };
      if (oldTier === tier) return { outcome: 'unchanged', events: [] };
      await tx.query('UPDATE users SET tier = $2, updated_at = $3 WHERE did = $1', [did, tier, new Date(nowMs)]);
      const envelope = { aggregateId: did, correlationId, nowMs };
      const fields = { userId: did, oldTier, newTier: tier, reason };
      const events = [createEvent(EVENTS.userTierChanged, envelope, fields)];
      await insertEvents(tx, events, nowMs);
      return { outcome: 'changed', oldTier, events };
    }),
  );
}
