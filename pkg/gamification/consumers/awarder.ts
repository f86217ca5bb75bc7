import type { Bus } from '#pkg/bus/client.ts';
import { ack, type BatchHandler, consumeBatch, dead, type Outcome } from '#pkg/bus/consume-batch.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { isStoreAway } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Settled } from '../ledger/settled.ts';
import { readAnalysis } from './read-deed.ts';

export interface AwarderDeps {
  readonly bus: Bus;
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** Gives XP for analyses: what `events.timeline.completed` tells goes into the ledger, a batch in one transaction. */
export const timelineXpAwarder = ({ bus, ledger, clock, log, registry }: AwarderDeps): Service =>
  consumeBatch({
    bus,
    durable: 'timeline-xp-awarder',
    event: EVENTS.timelineCompleted,
    handler: awarderHandler(ledger, clock),
    isAway: isStoreAway,
    clock,
    log,
    registry,
  });

export const awarderHandler =
  (ledger: Pick<Ledger, 'settle'>, clock: Clock): BatchHandler<typeof EVENTS.timelineCompleted> =>
  async (events) => {
    const nowMs = clock.nowMs();
    const read = events.map((event) => readAnalysis(event, nowMs));
    const settled = [...(await ledger.settle(read.flatMap((one) => (one.kind === 'read' ? [one.value] : []))))];
    return read.map((one) => (one.kind === 'refused' ? one.outcome : outcomeOf(settled.shift())));
  };

/** Who left wants no XP; whom nobody ever heard of, somebody should look into. */
export function outcomeOf(settled: Settled | undefined): Outcome {
  if (settled === undefined) throw new TypeError('a deed has no answer');
  return settled === 'unknown user' ? dead('unknown user') : ack;
}
