import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { systemClock } from '#pkg/runtime/clock.ts';

/** The part of autocannon that is used here; it has no types of its own. */
export interface LoadRequest {
  headers: Record<string, string>;
}
interface Totals {
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
  readonly duration: number;
  readonly requests: { readonly total: number };
}
type Autocannon = (options: object) => EventEmitter & PromiseLike<Totals>;
const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;

/** What every kind of load says about its requests. */
export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for every request: what it returns is sent. */
  readonly setupRequest?: (request: LoadRequest) => LoadRequest;
}

const requestsOf = ({ method = 'GET', headers = {}, setupRequest }: LoadOptions): object[] => [
  { method, headers, ...(setupRequest === undefined ? {} : { setupRequest }) },
];

/** A load at a rate. */
export interface EvenLoadOptions extends LoadOptions {
  /** Requests a second, all connections together. */
  readonly rate: number;
  readonly durationMs: number;
  /** Answers of this time at the start are not measured. */
  readonly warmUpMs: number;
}

/** Milliseconds of each answer that was measured, the answers by status, and what failed without one. */
export interface EvenLoad {
  readonly latenciesMs: readonly number[];
  readonly statuses: ReadonlyMap<number, number>;
  readonly failures: number;
}

/**
 * Requests at a fixed rate. autocannon sends the requests of one connection in a row at the start of each second, so there are
 * many connections and they begin one after the other: together they send evenly.
 */
export const loadEvenly = async (options: EvenLoadOptions): Promise<EvenLoad> => {
  const { url, rate, connections, durationMs, warmUpMs } = options;
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const startedMs = performance.now();
  const shoot = async (index: number): Promise<number> => {
    await systemClock.sleep((index * 1000) / connections);
    const run = autocannon({
      url,
      connections: 1,
      connectionRate: rate / connections,
      duration: durationMs / 1000,
      timeout: 10,
      requests: requestsOf(options),
    });
    run.on('response', (_client: unknown, status: number, _bytes: number, responseMs: number) => {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (performance.now() - startedMs > warmUpMs) latenciesMs.push(responseMs);
    });
    const { errors, timeouts } = await run;
    return errors + timeouts;
  };
  const failures = await Promise.all(Array.from({ length: connections }, (_, index) => shoot(index)));
  return { latenciesMs, statuses, failures: failures.reduce((sum, one) => sum + one, 0) };
};

/**
 * As many requests as a server answers, in requests a second.
 * @throws Error when any is answered with anything but a 2xx: it would be no figure of what was asked
 */
export const loadFully = async (options: LoadOptions & { readonly seconds: number }): Promise<number> => {
  const { url, connections, seconds } = options;
  const run = await autocannon({ url, connections, duration: seconds, timeout: 10, requests: requestsOf(options) });
  const { errors, timeouts, non2xx } = run;
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${non2xx} answers were no 2xx, ${errors} errors and ${timeouts} timeouts: ${url}`);
  }
  return run.requests.total / run.duration;
};

/** The value below which `share` of the numbers lie. */
export const percentile = (numbers: readonly number[], share: number): number => {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
};
