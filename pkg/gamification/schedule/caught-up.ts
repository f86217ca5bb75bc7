import type { Bus } from '#pkg/bus/client.ts';
import { durablePlace } from '#pkg/bus/durable-place.ts';
import type { DurableName, StreamName } from '#pkg/bus/stream-table.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** Whether all is counted that the bus had when it was first asked about this slot (any number that names it). */
export type CaughtUp = (slotMs: number) => Promise<boolean>;

/** Who counts what a judgement goes by: activity, and tiers. */
const COUNTERS: readonly { readonly durable: DurableName; readonly stream: StreamName }[] = [
  { durable: 'timeline-xp-awarder', stream: 'TIMELINE' },
  { durable: 'user-indexer', stream: 'USER' },
];

/** Several jobs ask, each about one slot at a time. */
const MOST_SLOTS = 8;

/** Asks NATS. What comes after the first time it was asked is of no interest: it happened after the slot had ended. */
export function createCaughtUp(bus: Pick<Bus, 'jsm'>): CaughtUp {
  const targets = new Map<number, readonly number[]>();
  return async (slotMs) => {
    let target = targets.get(slotMs);
    if (target === undefined) {
      const infos = await Promise.all(COUNTERS.map(({ stream }) => bus.jsm.streams.info(stream)));
      target = infos.map(({ state }) => state.last_seq);
      targets.set(slotMs, target);
      const [oldest] = targets.keys();
      if (targets.size > MOST_SLOTS && oldest !== undefined) targets.delete(oldest);
    }
    const places = await Promise.all(COUNTERS.map(({ durable, stream }) => durablePlace(bus, durable, stream)));
    return places.every(({ pending, ackFloor }, at) => pending === 0 || ackFloor >= (target[at] ?? 0));
  };
}

/** Longer is not waited: days must be judged though one event hangs. What is counted late still counts for its day. */
const MOST_WAIT_MS = 3_600_000;
const ASK_EVERY_MS = 2_000;

export interface PatienceOptions {
  readonly caughtUp: CaughtUp;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when all is counted that happened before a slot ended, or after an hour. */
export async function untilCaughtUp(
  { caughtUp, clock, log }: PatienceOptions,
  slotMs: number,
  signal: AbortSignal,
): Promise<void> {
  const sinceMs = clock.nowMs();
  let error: Error | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      return await caughtUp(slotMs);
    } catch (thrown) {
      error = toError(thrown);
      return false;
    }
  };
  for (let asked = 1; !(await ask()); asked += 1) {
    if (clock.nowMs() - sinceMs >= MOST_WAIT_MS) {
      log.warn({ err: error }, 'events of a time that is to be judged are still not counted; judging without them');
      return;
    }
    if (asked === 1) log.info({ err: error }, 'work by the calendar waits until all events before it are counted');
    await clock.sleep(ASK_EVERY_MS, signal);
  }
}
