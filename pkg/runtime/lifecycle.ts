import { isAbortError, toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { aborted, orLate } from './waiting.ts';

/** A part of a process that runs until it is asked to stop. */
export interface Service {
  name: string;
  /**
   * Runs until `signal` aborts, then winds down and resolves. Resolving before that is a failure: a service that has
   * nothing left to do while the others still need it is a bug.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** A service returned although nobody had asked it to stop. */
export class ServiceStoppedError extends Error {
  override readonly name = 'ServiceStoppedError';
  readonly service: string;
  constructor(service: string) {
    super(`${service} stopped although it was not asked to`);
    this.service = service;
  }
}

/** Some services were still running when the time to wind down was over. */
export class GraceExceededError extends Error {
  override readonly name = 'GraceExceededError';
  readonly services: readonly string[];
  constructor(services: readonly string[], graceMs: number) {
    super(`still running ${graceMs} ms after they were asked to stop: ${services.join(', ')}`);
    this.services = services;
  }
}

export interface RunAllOptions {
  /** Aborting it stops everything; `runAll` then resolves. */
  signal: AbortSignal;
  /** How long services may take to wind down. */
  graceMs: number;
  log: Logger;
}

/**
 * Starts all services and waits for all of them. The first failure or early return stops the rest and is what the promise
 * rejects with; later failures are logged. Services that outlast the grace time are left behind and named in an error.
 */
export async function runAll(services: readonly Service[], options: RunAllOptions): Promise<void> {
  const { signal, graceMs, log } = options;
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });

  const running = new Set(services.map((service) => service.name));
  let failure: Error | undefined;
  const fail = (name: string, error: Error) => {
    if (failure === undefined) failure = error;
    else log.error({ err: error, service: name }, 'service failed while stopping');
    stop.abort(error);
  };
  const runs = services.map(async (service) => {
    try {
      await service.run(stop.signal);
      if (!stop.signal.aborted) fail(service.name, new ServiceStoppedError(service.name));
    } catch (thrown) {
      if (!stop.signal.aborted || !isAbortError(thrown)) fail(service.name, toError(thrown));
    } finally {
      running.delete(service.name);
    }
  });

  const finished = Promise.all(runs);
  try {
    await Promise.race([finished, aborted(stop.signal)]);
    const hasEnded = finished.then(() => true);
    if (!(await orLate(hasEnded, graceMs, false))) {
      fail([...running].join(', '), new GraceExceededError([...running], graceMs));
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  if (failure !== undefined) throw failure;
}

/** The parts of `process` that `untilSignal` uses. */
export interface SignalTarget {
  on(name: 'SIGINT' | 'SIGTERM', listener: (name: NodeJS.Signals) => void): unknown;
  off(name: 'SIGINT' | 'SIGTERM', listener: (name: NodeJS.Signals) => void): unknown;
  exit(code: number): unknown;
}

/** Signals closer together than this are one. */
const ECHO_MS = 500;

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * A signal that aborts on the first SIGINT or SIGTERM. The second one ends the process at once with 128 + its number, for
 * the person who does not want to wait. Dispose it (`using`) to give the signals back.
 */
export function untilSignal(
  target: SignalTarget = process,
  nowMs: () => number = Date.now,
): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  let firstAtMs = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      // A supervisor signals the whole group, and a wrapper passes its own copy on: one wish, heard twice.
      if (nowMs() - firstAtMs < ECHO_MS) return;
      target.exit(128 + (name === 'SIGINT' ? SIGNAL_NUMBERS.SIGINT : SIGNAL_NUMBERS.SIGTERM));
    }
    firstAtMs = nowMs();
    controller.abort(new DOMException(`received ${name}`, 'AbortError'));
  };
  target.on('SIGINT', onSignal);
  target.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      target.off('SIGINT', onSignal);
      target.off('SIGTERM', onSignal);
    },
  };
}
