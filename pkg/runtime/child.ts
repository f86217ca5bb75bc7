import { rm } from 'node:fs/promises';
import { type Backoff, backoff } from '#pkg/runtime/backoff.ts';
import { type ChildEnd, type Launched, launch } from '#pkg/runtime/child-launch.ts';
import { endOrphan } from '#pkg/runtime/child-orphan.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { isAbortError, toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { aborted } from './waiting.ts';

/** A server that lives and dies with this process. */
export interface ChildOptions {
  /** For people: log lines and errors. */
  name: string;
  command: string;
  /** Must tell this child from others of the same command (a configuration file's path): orphans are known by them. */
  args: readonly string[];
  /** Added to PATH, HOME, LANG and TMPDIR; nothing else of our environment reaches it, since that holds passwords. */
  env?: Record<string, string>;
  cwd?: string;
  /** In the data folder. */
  pidFile: string;
  /** Resolves when the server answers. Called once a start; must end soon after `signal` aborts. */
  ready(signal: AbortSignal): Promise<void>;
  log: Logger;
  clock?: Clock;
  /** Default 30 s: longer than that to become ready counts as a failed start. */
  readyTimeoutMs?: number;
  /** Default 10 s from SIGTERM to SIGKILL. */
  stopTimeoutMs?: number;
  /** Pauses between restarts; default from 100 ms to 10 s. */
  restart?: { minMs: number; maxMs: number };
}

/** A started child. It is restarted when it dies, for as long as it takes, until `stop`. */
export interface Child {
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  /** Since when it is down, or undefined while it is up. */
  readonly downSinceMs: number | undefined;
  /** SIGTERM, then SIGKILL; resolves when it has ended and its pid file is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/** The child could not be brought up: it ended, or did not answer in time. */
export class ChildError extends Error {
  override readonly name = 'ChildError';
  /** Its last words, oldest first. */
  readonly output: readonly string[];

  constructor(message: string, output: readonly string[], cause?: unknown) {
    super(message, { cause });
    this.output = output;
  }
}

/** Having been up for this long, a child that dies again starts with the shortest pause. */
const STEADY_MS = 60_000;

/**
 * Ends an orphan of an earlier run, starts the child and waits until it is ready.
 * The child ends when this process does, even by SIGKILL.
 * @throws ChildError when it does not become ready; nothing is left running then
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { clock = systemClock, stopTimeoutMs = 10_000 } = options;
  await endOrphan({ ...options, stopTimeoutMs, clock });
  const first = await bringUp(options, undefined);
  return new SupervisedChild(options, first);
}

class SupervisedChild implements Child {
  restarts = 0;
  downSinceMs: number | undefined;
  readonly #options: ChildOptions;
  readonly #clock: Clock;
  readonly #pause: Backoff;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  #running: Launched | undefined;

  constructor(options: ChildOptions, first: Launched) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#pause = backoff({ ...(options.restart ?? { minMs: 100, maxMs: 10_000 }), clock: this.#clock });
    this.#running = first;
    this.#finished = this.#supervise(first);
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#finished;
  }

  /** Runs until stopped; never rejects, since nobody waits for it before `stop`. */
  async #supervise(first: Launched): Promise<void> {
    const { name, log, pidFile } = this.#options;
    const { signal } = this.#stopping;
    const stopped = aborted(signal);
    let running = first;
    while (!signal.aborted) {
      const upSinceMs = this.#clock.nowMs();
      const ended = await Promise.race([running.ended, stopped]);
      if (ended === undefined) break;
      this.#running = undefined;
      this.downSinceMs = this.#clock.nowMs();
      if (this.downSinceMs - upSinceMs > STEADY_MS) this.#pause.reset();
      log.error({ child: name, ...ended, output: running.lastLines() }, `${name} ended by itself; starting it again`);
      const next = await this.#bringBack();
      if (next === undefined) break;
      running = next;
      this.#running = next;
      this.restarts += 1;
      log.info({ child: name, pid: next.pid, downMs: this.#clock.nowMs() - this.downSinceMs }, `${name} is up again`);
      this.downSinceMs = undefined;
    }
    await end(running, this.#options.stopTimeoutMs ?? 10_000);
    this.#running = undefined;
    await rm(pidFile, { force: true }).catch((error: unknown) => log.warn({ err: error }, 'pid file not removed'));
  }

  async #bringBack(): Promise<Launched | undefined> {
    const { name, log } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      try {
        await this.#pause.next(signal);
        return await bringUp(this.#options, signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        const output = error instanceof ChildError ? error.output : [];
        log.error({ child: name, err: error, output, attempts: this.#pause.attempts }, `${name} does not come up`);
      }
    }
  }
}

/** Launches it and waits until it is ready; ends it again when that fails. */
async function bringUp(options: ChildOptions, stopping: AbortSignal | undefined): Promise<Launched> {
  const { name, command, args, cwd, pidFile, log, readyTimeoutMs = 30_000, stopTimeoutMs = 10_000 } = options;
  const env = { ...inherited(), ...options.env };
  const onLine = (line: string) => log.debug({ child: name }, line);
  // From here on the file is there only once this start has written it.
  await rm(pidFile, { force: true });
  const running = launch({ command, args, env, cwd, pidFile, onLine });
  const waiting = new AbortController();
  const timeout = AbortSignal.timeout(readyTimeoutMs);
  const signal = AbortSignal.any([waiting.signal, timeout, ...(stopping === undefined ? [] : [stopping])]);
  const ready = options.ready(signal).then(() => 'ready' as const);
  try {
    const outcome = await Promise.race([ready, running.ended, aborted(signal)]);
    if (outcome === 'ready') return running;
    const reason = outcome === undefined ? `did not answer within ${readyTimeoutMs} ms` : `ended: ${describe(outcome)}`;
    throw new ChildError(`${name} ${reason}`, running.lastLines(), outcome?.failed);
  } catch (thrown) {
    await end(running, stopTimeoutMs);
    await rm(pidFile, { force: true });
    if (thrown instanceof ChildError) throw thrown;
    const reason = isAbortError(thrown) ? 'did not answer in time' : 'could not be asked whether it is ready';
    throw new ChildError(`${name} ${reason}`, running.lastLines(), toError(thrown));
  } finally {
    waiting.abort();
    ready.catch(() => undefined);
  }
}

async function end(running: Launched, stopTimeoutMs: number): Promise<void> {
  running.kill('SIGTERM');
  const timer = setTimeout(() => running.kill('SIGKILL'), stopTimeoutMs);
  await running.ended;
  clearTimeout(timer);
}

function describe(end: ChildEnd): string {
  if (end.failed !== undefined) return end.failed.message;
  return end.signal ?? `exit code ${end.code}`;
}

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
