/** Gamification for `just bench-bus`, in a process of its own, with its outbox. Ends with its standard input. */
import { openBus } from '#pkg/bus/client.ts';
import { type BusEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createGamification } from '#pkg/gamification/gamification.ts';
import { gatewayPlace } from '#pkg/outbox/place.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import { openPostgres, type Postgres } from '#pkg/postgres/client.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { systemClock as clock } from '#pkg/runtime/clock.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { type BusOrder, obey, publishedAt } from './bus-protocol.ts';
import { preciseNowMs } from './sse-protocol.ts';

const log = createLogger({ level: 'warn' });
const registry = createMetrics();
/** From the publish to just after the commit of the ledger's row. */
let latenciesMs: number[] = [];
let postgres: Postgres | undefined;

/** Knows its salt, and no account: what the index costs is no part of this. */
const emptyIndex = {
  query: ({ name }: { name: string }) => Promise.resolve(name === 'installation_salt' ? [{ value: 'salt' }] : []),
} as Partial<ClickHouse> as ClickHouse;

const open = async ({ natsUrl, redisUrl, postgresUrl, dataDir }: Extract<BusOrder, { do: 'open' }>): Promise<void> => {
  const bus = await openBus({ url: natsUrl, log });
  const { redis } = await openRedis({ url: redisUrl, log });
  postgres = await openPostgres({ url: postgresUrl, dataDir, log });
  const relay = new OutboxRelay({
    postgres,
    publisher: createPublisher(bus, log),
    place: gatewayPlace(bus),
    clock,
    log,
    registry,
  });
  const offer = (events: readonly BusEvent[]): void => {
    const nowMs = preciseNowMs();
    let last = '';
    for (const { subject, correlationId } of events) {
      // One of an analysis' rows is enough.
      if (subject !== EVENTS.xpEarned.subject || correlationId === last) continue;
      last = correlationId;
      const ms = publishedAt(correlationId);
      if (ms > 0) latenciesMs.push(nowMs - ms);
    }
    relay.offer(events);
  };
  const { services } = createGamification({
    postgres,
    redis,
    bus,
    relay: { offer },
    store: emptyIndex,
    verifier: { verify: () => Promise.resolve({ refused: 'malformed', message: 'nobody signs in here' }) },
    publicUrl: 'http://localhost',
    clock,
    log,
    registry,
  });
  const running = runAll([relay, ...services], { signal: new AbortController().signal, graceMs: 1_000, log });
  running.catch((error: unknown) => {
    log.fatal({ err: error }, 'gamification ended');
    process.exit(1);
  });
};

await obey(async (order) => {
  if (order.do === 'open') await open(order);
  if (order.do === 'query') return { rows: (await postgres?.query(order.text))?.rows ?? [] };
  const come = latenciesMs;
  latenciesMs = [];
  return { count: come.length, latenciesMs: come };
});
