import {
  type ClosedCounter,
  Counter,
  Gauge,
  Histogram,
  type Registry,
  createClosedCounter,
} from '#pkg/runtime/metrics.ts';

/** What a page of a feed came to. */
export const OUTCOMES = [
  'served',
  /** Nothing for this viewer: not a member, or not signed in. */
  'not_for_viewer',
  /** The ranking that was paged is forgotten. */
  'expired',
  'invalid',
  'unknown_feed',
  /** The token proves nothing. */
  'refused',
  'busy',
  'away',
  'broken',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What was done without, and what a request had to wait for in vain. */
export const TROUBLES = ['ranking', 'taste', 'own_list', 'interactions', 'token', 'request'] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface ServingMetrics {
  readonly outcomes: ClosedCounter<Outcome>;
  readonly troubles: ClosedCounter<Trouble>;
  readonly interactions: ClosedCounter<'accepted' | 'invalid' | 'refused' | 'away'>;
  /** Seconds to an answer with a page. */
  readonly seconds: Histogram.Internal<string>;
  readonly signedIn: Counter.Internal;
  readonly pagesWritten: Counter.Internal;
}

/** Registers them, with nothing to look up in a request. */
export function createServingMetrics(registry: Registry, pageBytes: () => number): ServingMetrics {
  const registers = [registry];
  const plain = (name: `skyflow_${string}_total`, help: string) => new Counter({ name, help, registers }).labels();
  registry.registerMetric(
    new Gauge({
      name: 'skyflow_feed_page_cache_bytes',
      help: 'Size of the written pages that are held.',
      registers: [],
      collect() {
        this.set(pageBytes());
      },
    }),
  );
  return {
    outcomes: createClosedCounter(registry, {
      name: 'skyflow_feed_requests_total',
      help: 'Requests for a page of a feed, by what they came to.',
      label: 'outcome',
      values: OUTCOMES,
    }),
    troubles: createClosedCounter(registry, {
      name: 'skyflow_feed_troubles_total',
      help: 'Failures while requests were answered, by what failed.',
      label: 'what',
      values: TROUBLES,
    }),
    interactions: createClosedCounter(registry, {
      name: 'skyflow_feed_interaction_requests_total',
      help: 'Requests that report interactions, by what they came to.',
      label: 'outcome',
      values: ['accepted', 'invalid', 'refused', 'away'],
    }),
    seconds: new Histogram({
      name: 'skyflow_feed_request_seconds',
      help: 'Time to the answer to a request for a page.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.15, 0.5, 2, 10],
      registers,
    }).labels(),
    signedIn: plain('skyflow_feed_signed_in_requests_total', 'Requests for a page with a token that was good.'),
    pagesWritten: plain('skyflow_feed_pages_written_total', 'Pages that were not held ready and had to be written.'),
  };
}
