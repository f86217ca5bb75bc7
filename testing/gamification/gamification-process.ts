import { z } from 'zod';
import { openBus } from '#pkg/bus/client.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { createGamification } from '#pkg/gamification/gamification.ts';
import { gatewayPlace } from '#pkg/outbox/place.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import { openPostgres } from '#pkg/postgres/client.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger, LOG_LEVELS } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { ChildOrders, FromChild, RestAnswer, RestRequest, ToChild } from './process-protocol.ts';
import { ShiftedClock } from './shifted-clock.ts';

/**
 * Gamification as a process that is there to be killed: real NATS, Redis and Postgres, an index of the test's own, and a
 * clock that the parent sets. The service itself knows nothing of it.
 */
const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
// `CRASH_LOG=info` shows what it thinks when a round fails.
const log = createLogger({ level: z.enum(LOG_LEVELS).catch('silent').parse(process.env['CRASH_LOG']) });
const send = (message: FromChild): void => void process.send?.(message);
// A parent that dies takes this process along, however it dies.
process.on('disconnect', () => process.exit(3));

const clock = new ShiftedClock(orders.nowMs);
const bus = await openBus({ url: orders.natsUrl, log });
const { redis } = await openRedis({ url: orders.redisUrl, log });
const postgres = await openPostgres({ ...orders.postgres, log });
const registry = createMetrics();

const salt = 'salt';
const figures = new Map(
  Object.entries(orders.figures).map(([did, [size, tracked]]) => {
    const id = String(createKeys(salt).actorId(did));
    return [id, { id, network_size: String(size), tracked_users: String(tracked) }];
  }),
);
/** Knows the figures of everybody, and nobody who is inactive. */
const index = {
  query: ({ name }: { name: string }, params: { ids?: readonly bigint[] }): Promise<unknown[]> => {
    if (name === 'installation_salt') return Promise.resolve([{ value: salt }]);
    const ids = name === 'player_figures' ? (params.ids ?? []) : [];
    return Promise.resolve(ids.flatMap((id) => figures.get(String(id)) ?? []));
  },
} as Partial<ClickHouse> as ClickHouse;

const relay = new OutboxRelay({
  postgres,
  publisher: createPublisher(bus, log),
  place: gatewayPlace(bus),
  clock,
  log,
  registry,
});
const gamification = createGamification({
  postgres,
  redis,
  bus,
  relay,
  store: index,
  verifier: { verify: (token) => Promise.resolve({ userId: token, sid: 'x', handle: null, expiresAtMs: Infinity }) },
  limits: { requests: { count: 1_000_000, windowSeconds: 60 } },
  publicUrl: 'https://skyflow.test',
  clock,
  log,
  registry,
});

const request = async ({ method = 'GET', path, userId, body }: RestRequest): Promise<RestAnswer> => {
  const headers = {
    ...(userId === undefined ? {} : { authorization: `Bearer ${userId}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const given = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await gamification.app.request(`https://skyflow.test/api/v1/${path}`, { method, headers, ...given });
  return { status: answer.status, body: await answer.json() };
};

const work = async (message: Exclude<ToChild, { do: 'clock' }>): Promise<readonly unknown[]> => {
  if (message.do === 'query') return (await postgres.query(message.text, message.params)).rows;
  if (message.do === 'request') return [await request(message.request)];
  return [await gamification.rebuild()];
};
process.on('message', (message: ToChild) => {
  if (message.do === 'clock') {
    clock.set(message.nowMs);
    return;
  }
  const { id } = message;
  work(message).then(
    (rows) => send({ id, rows }),
    (error: unknown) => send({ id, error: String(error) }),
  );
});

send('running');
await runAll([relay, ...gamification.services], { signal: new AbortController().signal, graceMs: 1_000, log });
