import type { Bus } from '#pkg/bus/client.ts';
import { ack, type BatchHandler, consumeBatch, type Outcome, type ReceivedEvent } from '#pkg/bus/consume-batch.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { isStoreAway } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { outcomeOf } from './awarder.ts';
import { readNewUser, readTierChange } from './read-deed.ts';
import { refuseUser } from './refusals.ts';

const USER_EVENTS = [EVENTS.userRegistered, EVENTS.userUpdated, EVENTS.userDeleted, EVENTS.userTierChanged] as const;
type UserEvent = (typeof USER_EVENTS)[number];

interface Parts {
  readonly ledger: Pick<Ledger, 'settle' | 'setTier' | 'erase'>;
  /** Takes users off the leaderboards. */
  readonly boards: { remove(userIds: readonly string[]): Promise<unknown> };
  readonly clock: Clock;
}

export interface UserIndexerDeps extends Parts {
  readonly bus: Bus;
  readonly log: Logger;
  readonly registry: Registry;
}

/** Follows who comes, who brought them, who changes tier and who leaves. */
export const userIndexer = ({ bus, ledger, boards, clock, log, registry }: UserIndexerDeps): Service =>
  consumeBatch({
    bus,
    durable: 'user-indexer',
    event: USER_EVENTS,
    handler: userHandler({ ledger, boards, clock }),
    isAway: isStoreAway,
    clock,
    log,
    registry,
  });

/** One after the other: one user's events must not overtake each other. There are few. */
export const userHandler =
  (parts: Parts): BatchHandler<UserEvent> =>
  async (events) => {
    const outcomes: Outcome[] = [];
    for (const event of events) outcomes.push(await handle(event, parts));
    return outcomes;
  };

async function handle(event: ReceivedEvent<UserEvent>, { ledger, boards, clock }: Parts): Promise<Outcome> {
  switch (event.subject) {
    case 'events.user.registered': {
      const read = readNewUser(event, clock.nowMs());
      if (read.kind === 'refused') return read.outcome;
      const { userId, tier, atMs, referral } = read.value;
      const set = await ledger.setTier(userId, tier, atMs);
      // A referrer who is nobody gets nothing, and that is no fault of who came. Who left again has come all the same.
      if (set !== 'unknown user' && referral !== undefined) await ledger.settle([referral]);
      return outcomeOf(set === 'set' ? 'known' : set);
    }
    case 'events.user.tier_changed': {
      const read = readTierChange(event, clock.nowMs());
      if (read.kind === 'refused') return read.outcome;
      const { userId, tier, atMs } = read.value;
      const set = await ledger.setTier(userId, tier, atMs);
      return outcomeOf(set === 'set' ? 'known' : set);
    }
    case 'events.user.deleted': {
      // Whatever else is wrong with the event: the ledger looks for itself whether they have left.
      const { userId } = event.message;
      const strange = refuseUser(userId);
      if (strange !== undefined) return strange;
      if ((await ledger.erase(userId)) === 'erased') await boards.remove([userId]);
      return ack;
    }
    case 'events.user.updated':
      return ack;
  }
}
