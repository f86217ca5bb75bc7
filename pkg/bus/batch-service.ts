import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { BatchRunner, type BatchRunnerOptions } from './batch-runner.ts';
import type { Bus } from './client.ts';
import { consumeMetrics } from './consume-metrics.ts';
import { PullLoop } from './pull-loop.ts';
import { DURABLE_LIMITS, type DurableName } from './stream-table.ts';

/** What the options of `consumeBatch` and `consumeRaw` have in common. */
export interface BatchServiceOptions {
  bus: Bus;
  durable: DurableName;
  /** How many messages the handler gets at once at most; default 100, which is also all that the server has out. */
  maxBatch?: number;
  /**
   * Whether an error of the handler says that a store cannot be reached. It is then called again, after pauses of up to
   * 2 s, until the store is back; meanwhile the messages stay ours, and it is no attempt. Default: never.
   */
  isAway?: (error: Error) => boolean;
  clock: Clock;
  log: Logger;
  registry?: Registry;
  /** How long one call of the handler may take; default 60 s. */
  handlerTimeoutMs?: number;
  /** How long the handler may go on after the service was asked to stop, before its signal aborts; default 5 s. */
  drainMs?: number;
}

/** Where the two differ. */
export type BatchKind<M> = Pick<
  BatchRunnerOptions<M>,
  'spec' | 'handler' | 'read' | 'idsOf' | 'onDead' | 'neverDead'
> & {
  /** What the metrics are to name. */
  subjects: readonly string[];
};

/** A service that runs a `BatchRunner`. */
export function batchService<M>(options: BatchServiceOptions, { subjects, ...kind }: BatchKind<M>): Service {
  const { bus, clock, registry, isAway = () => false, handlerTimeoutMs = 60_000, drainMs = 5_000 } = options;
  const { spec } = kind;
  const maxBatch = Math.max(1, options.maxBatch ?? DURABLE_LIMITS.maxAckPending);
  const metrics = consumeMetrics(registry, subjects);
  const log = options.log.child({ component: spec.durable });
  return {
    name: `${spec.durable} on ${spec.stream}`,
    run: (signal) => {
      const runner = new BatchRunner({ ...kind, bus, clock, log, metrics, isAway, handlerTimeoutMs, maxBatch });
      const concurrency = DURABLE_LIMITS.maxAckPending;
      return new PullLoop({ bus, spec, runner, concurrency, clock, log, drainMs }).run(signal);
    },
  };
}
