import type { Bus } from '#pkg/bus/client.ts';
import {
  ack,
  type BatchHandler,
  consumeBatch,
  dead,
  type Outcome,
  type ReceivedEvent,
} from '#pkg/bus/consume-batch.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { isStoreAway } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Boards } from '../boards/boards.ts';
import { MOST_XP_OF_A_ROW } from '../rules/amounts.ts';
import { mondayOf } from '../rules/weeks.ts';
import { refuseEnvelope, refuseUser } from './refusals.ts';

type XpEarned = typeof EVENTS.xpEarned;
type Earned = ReceivedEvent<XpEarned>;

export interface LeaderboardUpdaterDeps {
  readonly bus: Bus;
  readonly boards: Pick<Boards, 'refresh'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** Keeps the leaderboards up to date with what `events.xp.earned` tells. */
export const leaderboardUpdater = ({ bus, boards, clock, log, registry }: LeaderboardUpdaterDeps): Service =>
  consumeBatch({
    bus,
    durable: 'leaderboard-updater',
    event: EVENTS.xpEarned,
    handler: leaderboardHandler(boards, clock),
    isAway: isStoreAway,
    clock,
    log,
    registry,
  });

/**
 * An event says only who has news, and of which week: the numbers are read from Postgres. So one that comes twice, late, or with a
 * wrong number moves nobody to a wrong place.
 */
export const leaderboardHandler =
  (boards: Pick<Boards, 'refresh'>, clock: Clock): BatchHandler<XpEarned> =>
  async (events) => {
    const nowMs = clock.nowMs();
    const refused = events.map((event) => refusal(event, nowMs));
    const weeks = new Map<string, Set<string>>();
    for (const [index, { message, timestampMs }] of events.entries()) {
      if (refused[index] !== undefined) continue;
      const known = weeks.get(message.userId) ?? new Set();
      weeks.set(message.userId, known.add(mondayOf(timestampMs)));
    }
    const accounts = await boards.refresh([...weeks].map(([userId, mondays]) => ({ userId, weeks: [...mondays] })));
    return events.map(({ message }, index) => {
      const why = refused[index];
      if (why !== undefined) return why;
      // Who left is off the boards by now: that is all there was to do.
      return accounts.get(message.userId) === 'unknown' ? dead('unknown user') : ack;
    });
  };

/** Why an event cannot be one of ours. */
function refusal(event: Earned, nowMs: number): Outcome | undefined {
  const { userId, xpDelta } = event.message;
  const strange = refuseEnvelope(event, nowMs) ?? refuseUser(userId);
  if (strange !== undefined || Math.abs(xpDelta) <= MOST_XP_OF_A_ROW) return strange;
  return dead(`xp_delta ${xpDelta} is beyond ${MOST_XP_OF_A_ROW}`);
}
