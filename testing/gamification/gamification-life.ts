import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Querier } from '#pkg/postgres/client.ts';
import type { ChildOrders, FromChild, RestAnswer, RestRequest, ToChild } from './process-protocol.ts';

/** Without its id: that is given here. */
type Question = ToChild extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never;

/** Gamification in a process of its own that is started again whenever it dies. */
export interface GamificationLife {
  /** How often it ended without being told to; with what it said last. */
  readonly ownDeaths: readonly string[];
  /** The last words of the present process; with `CRASH_LOG=info` it says all of them for itself. */
  readonly words: string;
  setClock(nowMs: number): void;
  /** SIGKILL; it starts again by itself, unless `down` says that it is to stay away until `launch`. */
  kill(options?: { readonly down?: boolean }): Promise<void>;
  /** Starts it after `kill({ down: true })`; resolves when it runs. */
  launch(): Promise<void>;
  rebuild(): Promise<void>;
  request(request: RestRequest): Promise<RestAnswer>;
  /** Its Postgres, for a test whose Postgres lives in it. Rejects when it dies meanwhile. */
  readonly querier: Pick<Querier, 'query'>;
  stop(): Promise<void>;
}

const file = fileURLToPath(new URL('gamification-process.ts', import.meta.url));
const maxErrorChars = 3_000;
const isSilent = process.env['CRASH_LOG'] === undefined;

/** Not yet started. `nowMs` is asked at every start. */
export const gamificationLife = (orders: Omit<ChildOrders, 'nowMs'>, nowMs: () => number): GamificationLife => {
  const ownDeaths: string[] = [];
  let child: ChildProcess | undefined;
  let isOurs = false;
  let stayDown = true;
  let words = '';
  let questions = 0;
  const waiting = new Map<number, PromiseWithResolvers<readonly unknown[]>>();
  const answer = (message: Exclude<FromChild, string>): void => {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.rows ?? []);
    else asked?.reject(new Error(message.error));
  };
  const ask = (question: Question): Promise<readonly unknown[]> => {
    questions += 1;
    const id = questions;
    const asked = Promise.withResolvers<readonly unknown[]>();
    waiting.set(id, asked);
    const gone = (): void => asked.reject(new Error('the gamification process is not there'));
    if (child?.connected === true) child.send({ ...question, id }, (error) => error !== null && gone());
    else gone();
    return asked.promise;
  };
  const launch = async (): Promise<void> => {
    stayDown = false;
    isOurs = false;
    words = '';
    const given: ChildOrders = { ...orders, nowMs: nowMs() };
    const started = fork(file, [JSON.stringify(given)], { serialization: 'advanced', silent: isSilent });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-maxErrorChars);
      });
    }
    const running = Promise.withResolvers<void>();
    started.on('message', (message: FromChild) => {
      if (message === 'running') running.resolve();
      else answer(message);
    });
    started.once('exit', (code, signal) => {
      if (!isOurs) ownDeaths.push(`${code ?? signal}: ${words}`);
      for (const one of waiting.values()) one.reject(new Error('the gamification process died'));
      waiting.clear();
      running.resolve();
      if (!stayDown) void launch();
    });
    await running.promise;
    // The clock went on while it started.
    if (started.connected) started.send({ do: 'clock', nowMs: nowMs() } satisfies ToChild, () => undefined);
  };
  const kill = async ({ down = false } = {}): Promise<void> => {
    stayDown = down;
    const dying = child;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    isOurs = true;
    const exited = once(dying, 'exit');
    dying.kill('SIGKILL');
    await exited;
  };
  process.on('exit', () => child?.kill('SIGKILL'));
  return {
    ownDeaths,
    get words() {
      return words;
    },
    launch,
    kill,
    setClock: (ms) => {
      if (child?.connected === true) child.send({ do: 'clock', nowMs: ms } satisfies ToChild, () => undefined);
    },
    rebuild: async () => void (await ask({ do: 'rebuild' })),
    request: async (request) => (await ask({ do: 'request', request }))[0] as RestAnswer,
    querier: {
      // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the seam's own signature
      query: async <T>(text: string, params: readonly unknown[] = []) => ({
        rows: (await ask({ do: 'query', text, params })) as T[],
      }),
    },
    stop: () => kill({ down: true }),
  };
};
