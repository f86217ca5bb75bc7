import { setTimeout as delay } from 'node:timers/promises';
import { gamificationDurables, type Stage } from './stage.ts';

const pollMs = 50;
/** Far beyond what a kill costs; only what is stuck takes so long. */
const timeoutMs = 60_000;

/** Waits until `isDone` holds; what is away meanwhile is asked again. */
export const until = async (what: string, isDone: () => Promise<boolean>): Promise<void> => {
  const endMs = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < endMs) {
    try {
      if (await isDone()) return;
    } catch (error) {
      last = error;
    }
    await delay(pollMs);
  }
  throw new Error(`${what} took longer than ${timeoutMs} ms`, { cause: last });
};

/** How much is under way, and where: messages that wait for gamification or for the reader of frames, events in the outbox. */
const underWay = async ({ bus, postgres }: Stage): Promise<ReadonlyMap<string, number>> => {
  const left = new Map<string, number>();
  const note = (where: string, count: number): void => void (count > 0 && left.set(where, count));
  const waiting = async ([stream, durable]: readonly [string, string]): Promise<number> => {
    const info = await bus.jsm.consumers.info(stream, durable);
    return info.num_pending + info.num_ack_pending;
  };
  for (const each of gamificationDurables) note(each[1], await waiting(each));
  const { rows } = await postgres.query<{ subject: string; n: number }>(
    'SELECT subject, count(*) AS n FROM outbox GROUP BY subject',
  );
  for (const { subject, n } of rows) note(`outbox ${subject}`, n);
  // Last, as what stands before it may have published a frame; gone with a NATS that died until there is one.
  note('frames', await waiting(['REALTIME', 'realtime-gateway']).catch(() => 0));
  return left;
};

/** Longer than whoever writes an event into the outbox has it in hand. */
const claimMs = 16_000;
const hurryEveryMs = 2_000;
/** The day is not to end meanwhile. */
const mostHurries = 8;

/**
 * Waits until nothing is under way, seen twice: what was handled may have published more. `hurry`: time is moved on while only
 * the outbox is not empty.
 */
export const settled = async (stage: Stage, what: string, hurry = false): Promise<void> => {
  let quiet = 0;
  let hurries = 0;
  let left: ReadonlyMap<string, number> = new Map();
  let hurryAtMs = performance.now() + hurryEveryMs;
  const hurryOn = (): void => {
    const isOutbox = left.size > 0 && [...left.keys()].every((where) => where.startsWith('outbox'));
    if (!hurry || !isOutbox || performance.now() < hurryAtMs || hurries === mostHurries) return;
    hurries += 1;
    hurryAtMs = performance.now() + hurryEveryMs;
    stage.setClock(stage.nowMs() + claimMs);
  };
  await until(`settling after ${what}`, async () => {
    left = await underWay(stage);
    quiet = left.size === 0 ? quiet + 1 : 0;
    hurryOn();
    return quiet === 2;
  }).catch((error: unknown) => {
    throw new Error(`still under way after ${what}: ${JSON.stringify([...left])}`, { cause: error });
  });
};
