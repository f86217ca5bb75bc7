import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Bus } from './client.ts';
import { consumeMetrics } from './consume-metrics.ts';
import type { EventDefinition } from './events.ts';
import type { Handler, OnDead } from './handler.ts';
import { MessageRunner } from './message-runner.ts';
import { PullLoop } from './pull-loop.ts';
import { checkBrings, DURABLE_LIMITS, type DurableName, findDurable, type StreamName } from './stream-table.ts';

export type { Death } from './dead-letter.ts';
export type { Handler, HandlerContext, OnDead, ReceivedEvent } from './handler.ts';
export { ack, dead, type Outcome, retry } from './outcome.ts';

/** Options of `consume`. */
export interface ConsumeOptions<D extends EventDefinition> {
  bus: Bus;
  durable: DurableName;
  /** Needed where the durable stands in several streams. */
  stream?: StreamName;
  /** The events that the handler knows. Others of the table that the durable brings are acknowledged unread. */
  event: D | readonly D[];
  /** How many handlers may run at once in this process; the server's limit over all processes is 100. */
  concurrency: number;
  handler: Handler<D>;
  onDead?: OnDead<D>;
  clock: Clock;
  log: Logger;
  registry?: Registry;
  /** How long one call of the handler may take; default 60 s. */
  handlerTimeoutMs?: number;
  /** How long running handlers may go on after the service was asked to stop, before their signals abort; default 5 s. */
  drainMs?: number;
}

/**
 * A service that gives a durable's events to a handler. A handler gets one message at most three times; then, or at
 * `dead`, or when it cannot be read, its bytes go to `dlq.<subject>`. While a handler runs, nobody else gets its message.
 * Survives a server that goes away, and a durable or stream that is gone: it is made anew.
 * @throws Error when the durable's filter never brings one of the events
 */
export function consume<const D extends EventDefinition>(options: ConsumeOptions<D>): Service {
  const spec = findDurable(options.durable, options.stream);
  const definitions = [options.event].flat() as readonly D[];
  const subjects = definitions.map(({ subject }) => subject);
  checkBrings(spec, subjects);
  const { bus, clock, log, handler, onDead, registry, handlerTimeoutMs = 60_000, drainMs = 5_000 } = options;
  const metrics = consumeMetrics(registry, subjects);
  const own = log.child({ component: spec.durable });
  return {
    name: `${spec.durable} on ${spec.stream}`,
    run: (signal) => {
      const runner = new MessageRunner({
        bus,
        spec,
        definitions,
        handler,
        onDead,
        clock,
        log: own,
        metrics,
        handlerTimeoutMs,
      });
      const concurrency = Math.min(options.concurrency, DURABLE_LIMITS.maxAckPending);
      return new PullLoop({ bus, spec, runner, concurrency, clock, log: own, drainMs }).run(signal);
    },
  };
}
