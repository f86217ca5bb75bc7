import { type ClosedCounter, Counter, createClosedCounter, Gauge, type Registry } from '#pkg/runtime/metrics.ts';

/** How a request for a stream ended. */
export const CONNECT_OUTCOMES = ['opened', 'unauthorized', 'over_cap', 'full', 'unavailable', 'gone'] as const;
export type ConnectOutcome = (typeof CONNECT_OUTCOMES)[number];

/** Why an open stream ended. */
export const CLOSE_REASONS = ['client', 'dropped', 'stalled', 'session_ended', 'shutdown'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** By which way an event reached this instance first. */
export const ARRIVALS = ['durable', 'pubsub', 'stream'] as const;
export type Arrival = (typeof ARRIVALS)[number];

/** Why an event was not made a frame, or not passed on. */
export const REFUSALS = ['not_a_frame', 'undecodable', 'bad_fan_out', 'not_passed_on'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface GatewayMetrics {
  readonly connects: ClosedCounter<ConnectOutcome>;
  readonly closes: ClosedCounter<CloseReason>;
  readonly arrivals: ClosedCounter<Arrival>;
  readonly refusals: ClosedCounter<Refusal>;
  readonly resyncs: ClosedCounter<'unknown_id' | 'expired' | 'restarted'>;
  readonly delivered: Counter;
  readonly dropped: Counter;
}

/** What the gauges are read from at each scrape. */
export interface GaugeSources {
  readonly connections: () => number;
  readonly users: () => number;
  readonly historyEvents: () => number;
  readonly historyBytes: () => number;
}

/** Registers the gateway's metrics, every label value at zero. */
export function createGatewayMetrics(registry: Registry): GatewayMetrics {
  return {
    connects: createClosedCounter(registry, {
      name: 'skyflow_realtime_connects_total',
      help: 'Requests for an event stream, by how they ended.',
      label: 'outcome',
      values: CONNECT_OUTCOMES,
    }),
    closes: createClosedCounter(registry, {
      name: 'skyflow_realtime_closes_total',
      help: 'Event streams that ended, by reason.',
      label: 'reason',
      values: CLOSE_REASONS,
    }),
    arrivals: createClosedCounter(registry, {
      name: 'skyflow_realtime_arrivals_total',
      help: 'Events by the way on which they reached this instance first.',
      label: 'by',
      values: ARRIVALS,
    }),
    refusals: createClosedCounter(registry, {
      name: 'skyflow_realtime_refusals_total',
      help: 'Events that could not be made a frame, or not be passed on to other instances.',
      label: 'reason',
      values: REFUSALS,
    }),
    resyncs: createClosedCounter(registry, {
      name: 'skyflow_realtime_resyncs_total',
      help: 'Clients told that they may have missed something.',
      label: 'reason',
      values: ['unknown_id', 'expired', 'restarted'],
    }),
    delivered: new Counter({
      name: 'skyflow_realtime_frames_total',
      help: 'Event frames written to connections.',
      registers: [registry],
    }),
    dropped: new Counter({
      name: 'realtime_events_dropped_total',
      help: 'Events dropped because a connection was too slow to take them.',
      registers: [registry],
    }),
  };
}

/** Registers the gauges. */
export function registerGauges(registry: Registry, sources: GaugeSources): void {
  const gauge = (name: string, help: string, read: () => number) => {
    const collect = function collect(this: Gauge) {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  };
  gauge('skyflow_realtime_connections', 'Open event streams.', sources.connections);
  gauge('skyflow_realtime_users', 'Users with an open event stream.', sources.users);
  gauge('skyflow_realtime_history_events', 'Events kept for replay.', sources.historyEvents);
  gauge('skyflow_realtime_history_bytes', 'Text of the events kept for replay.', sources.historyBytes);
}
