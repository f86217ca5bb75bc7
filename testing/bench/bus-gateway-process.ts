/** The SSE gateway for `just bench-bus`, in a process of its own. Answers `open` with its port, the tokens of the users as rows. */
import { join } from 'node:path';
import { openBus } from '#pkg/bus/client.ts';
import { createGateway } from '#pkg/realtime/gateway.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { systemClock as clock } from '#pkg/runtime/clock.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { loadSigner } from '#pkg/session/signer.ts';
import { createSessionStore } from '#pkg/session/store.ts';
import { redeemTicket } from '#pkg/session/tickets.ts';
import { createVerifier } from '#pkg/session/verifier.ts';
import { type BusOrder, obey } from './bus-protocol.ts';

const log = createLogger({ level: 'warn' });

const open = async ({ natsUrl, redisUrl, dataDir, users }: Extract<BusOrder, { do: 'open' }>) => {
  const bus = await openBus({ url: natsUrl, log });
  const { redis } = await openRedis({ url: redisUrl, log });
  const signer = await loadSigner({ folder: join(dataDir, 'keys') });
  const sessions = createSessionStore({ redis, signer, clock });
  const gateway = createGateway({
    redis,
    subscriber: redis.duplicate(),
    bus,
    verifier: createVerifier({ jwks: () => Promise.resolve(signer.jwks()), redis, clock }),
    redeem: (ticket) => redeemTicket(redis, ticket),
    tierOf: () => Promise.resolve('orbit'),
    clock,
    log,
    registry: createMetrics(),
  });
  const http = serveHttp({ name: 'sse', host: '127.0.0.1', port: 0, app: gateway.app, portFlag: '--port' });
  const running = runAll([http, ...gateway.services], {
    signal: new AbortController().signal,
    graceMs: 1_000,
    log,
  });
  running.catch((error: unknown) => {
    log.fatal({ err: error }, 'the gateway ended');
    process.exit(1);
  });
  const rows: { token: string }[] = [];
  for (const userId of users) rows.push({ token: (await sessions.create({ userId, handle: null })).accessToken });
  return { count: (await http.listening).port, rows };
};

await obey(async (order) => (order.do === 'open' ? open(order) : {}));
