import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { ChildOrders, CrashPoint, FromChild, ToChild } from './steps.ts';

/** A timeline service in a process of its own that is started again whenever it dies. */
export interface TimelineProcess {
  /** How often it died. */
  readonly deaths: number;
  /** Tells the running process where to die; null: nowhere any more. Whichever follows it does not know. */
  arm(point: CrashPoint | null): void;
  /** SIGKILL, now. */
  kill(): void;
  /** Ends it for good. */
  stop(): Promise<void>;
}

const file = fileURLToPath(new URL('child.ts', import.meta.url));

/** Starts it; resolves when it runs. Its statements run on `postgres`, one after the other's answer or not, as they come. */
export const startTimeline = async (orders: ChildOrders, postgres: Postgres): Promise<TimelineProcess> => {
  let stopping = false;
  let deaths = 0;
  let child: ChildProcess;
  const answer = async (to: ChildProcess, message: Exclude<FromChild, string>): Promise<void> => {
    const { id, text, params } = message;
    const outcome = await postgres.query(text, params).then(
      ({ rows }): ToChild => ({ id, rows }),
      (error: unknown): ToChild => ({ id, error: String(error) }),
    );
    // One that died while its statement ran never hears of it, as with a server.
    if (to.connected) to.send(outcome, () => undefined);
  };
  const launch = async (): Promise<void> => {
    const started = fork(file, [JSON.stringify(orders)], { serialization: 'advanced' });
    child = started;
    started.once('exit', () => {
      deaths += 1;
      if (!stopping) void launch().catch(() => undefined);
    });
    await new Promise<void>((resolve, reject) => {
      started.on('message', (message: FromChild) => {
        if (message === 'running') resolve();
        else void answer(started, message);
      });
      started.once('exit', (code) => reject(new Error(`the timeline process ended before it ran (${code})`)));
    });
  };
  const end = (): void => void child.kill('SIGKILL');
  process.on('exit', end);
  await launch();
  return {
    get deaths() {
      return deaths;
    },
    arm: (point) => {
      if (child.connected) child.send({ arm: point } satisfies ToChild, () => undefined);
    },
    kill: end,
    stop: async () => {
      stopping = true;
      process.off('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      end();
      await exited;
    },
  };
};
