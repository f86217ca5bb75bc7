/**
 * `just bench-sse`: one gateway process with 10,000 open streams, real Redis and NATS. By default 500 users with 20 streams
 * each, the most that a tier allows; a burst is one event for every user, published at once by another process, and its
 * latency runs from just before the publish to the client's read. `--users 10000` gives every stream a user of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openBus } from '#pkg/bus/client.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { createGateway } from '#pkg/realtime/gateway.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { loadSigner } from '#pkg/session/signer.ts';
import { createSessionStore } from '#pkg/session/store.ts';
import { redeemTicket } from '#pkg/session/tickets.ts';
import { createVerifier } from '#pkg/session/verifier.ts';
import { answer, type Answer, type Command } from './sse-protocol.ts';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    users: { type: 'string', default: '500' },
    bursts: { type: 'string', default: '7' },
    clients: { type: 'string', default: '2' },
  },
});
const connections = Number(values.connections);
const userCount = Number(values.users);
const perUser = connections / userCount;
const log = createLogger({ level: 'warn' });
const folder = await mkdtemp(join(tmpdir(), 'skyflow-bench-sse-'));

/** A process of the bench; it ends when its standard input does, so also when this process is killed. */
class Helper {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(file: string) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ask(command: Command): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('a process of the bench has ended');
    return answer.parse(JSON.parse(line.value));
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const residentBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().rss;
};

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
const p99 = (latencies: readonly number[]): number =>
  quantile(
    latencies.toSorted((a, b) => a - b),
    0.99,
  );

const redis = await openRedis({ dataDir: folder, log });
const bus = await openBus({ dataDir: folder, log });
await reconcileStreams(bus, createLogger({ level: 'silent' }));
const signer = await loadSigner({ folder: join(folder, 'keys') });
const sessions = createSessionStore({ redis: redis.redis, signer, clock: systemClock });
const subscriber = redis.redis.duplicate();
const registry = createMetrics();
const gateway = createGateway({
  redis: redis.redis,
  subscriber,
  bus,
  verifier: createVerifier({ jwks: () => Promise.resolve(signer.jwks()), redis: redis.redis, clock: systemClock }),
  redeem: (ticket) => redeemTicket(redis.redis, ticket),
  tierOf: () => Promise.resolve('orbit'),
  clock: systemClock,
  log,
  registry,
});
const http = serveHttp({ name: 'sse', host: '127.0.0.1', port: 0, app: gateway.app, portFlag: '--port' });
const stop = new AbortController();
const running = runAll([http, ...gateway.services], { signal: stop.signal, graceMs: 10_000, log });
const { port } = await http.listening;

const users = Array.from({ length: userCount }, (_, index) => `did:plc:bench${index}`);
const tokens: string[] = [];
for (const userId of users) tokens.push((await sessions.create({ userId, handle: null })).accessToken);
const staller = await sessions.create({ userId: 'did:plc:staller', handle: null });

const clients = Array.from({ length: Number(values.clients) }, () => new Helper('sse-client-process.ts'));
const [firstClient] = clients as [Helper];
const publisher = new Helper('sse-publisher-process.ts');
await publisher.ask({ do: 'bus', url: bus.url });
/** The users whose streams the n-th client process holds. */
const share = <T>(all: readonly T[], index: number): T[] => all.filter((_, at) => at % clients.length === index);
const sharedUsers = clients.map((_, index) => share(users, index));

const bytesBefore = residentBytes();
const heapBefore = process.memoryUsage().heapUsed;
const connectStartMs = performance.now();
await Promise.all(
  clients.map((client, index) => client.ask({ do: 'connect', port, tokens: share(tokens, index), perToken: perUser })),
);
const connectMs = performance.now() - connectStartMs;
const kbPerConnection = (residentBytes() - bytesBefore) / connections / 1024;
const heapKbPerConnection = (process.memoryUsage().heapUsed - heapBefore) / connections / 1024;
console.log(
  `${gateway.status().connections} connections after ${(connectMs / 1000).toFixed(1)} s, ` +
    `${kbPerConnection.toFixed(1)} kB each, of which JavaScript heap ${heapKbPerConnection.toFixed(1)} kB`,
);

const burst = async (): Promise<number[]> => {
  const collecting = clients.map((client, index) =>
    client.ask({ do: 'collect', count: (sharedUsers[index]?.length ?? 0) * perUser, timeoutMs: 15_000 }),
  );
  await publisher.ask({ do: 'publish', users, times: 1, padding: 100 });
  const answers = await Promise.all(collecting);
  const missed = answers.reduce((sum, one) => sum + one.missed, 0);
  if (missed !== 0) throw new Error(`${missed} of ${connections} events did not come`);
  return answers.flatMap(({ latenciesMs }) => latenciesMs);
};

const measured = async (name: string): Promise<number[]> => {
  const before = process.cpuUsage();
  const latencies = (await burst()).toSorted((a, b) => a - b);
  const { user, system } = process.cpuUsage(before);
  const [half, most, last] = [0.5, 0.99, 1].map((part) => quantile(latencies, part).toFixed(0));
  const cpuMs = Math.round((user + system) / 1000);
  console.log(`  ${name}: p50 ${half} ms, p99 ${most} ms, last ${last} ms; gateway CPU ${cpuMs} ms`);
  await systemClock.sleep(300);
  return latencies;
};

// The first bursts compile the code that the others measure.
for (let count = 0; count < 5; count += 1) await burst();
const calm: number[] = [];
const p99s: number[] = [];
/** In pairs, because what else the machine does changes from one second to the next. */
const effects: number[] = [];
for (let count = 1; count <= Number(values.bursts); count += 1) {
  const alone = await measured(`burst ${count}`);
  calm.push(...alone);
  p99s.push(quantile(alone, 0.99));
  await firstClient.ask({ do: 'stall', port, token: staller.accessToken });
  await publisher.ask({ do: 'publish', users: ['did:plc:staller'], times: 250, padding: 50_000 });
  // Those 12 MB are a load of their own; what is measured is the reader that does not take them.
  await systemClock.sleep(700);
  const beside = await measured(`burst ${count} beside a stalled reader`);
  effects.push(quantile(beside, 0.99) - quantile(alone, 0.99));
  await firstClient.ask({ do: 'unstall' });
}
const droppedMetric = await registry.getSingleMetric('realtime_events_dropped_total')?.get();
const dropped = droppedMetric?.values[0]?.value ?? 0;
if (dropped === 0) throw new Error('the stalled reader was none: nothing was dropped');
const middle = (numbers: readonly number[]): number =>
  quantile(
    numbers.toSorted((a, b) => a - b),
    0.5,
  );

const leaving = Math.min(1_000, (sharedUsers[0]?.length ?? 0) * perUser);
await firstClient.ask({ do: 'leave', count: leaving });
const leavers = (sharedUsers[0] ?? []).slice(0, leaving / perUser);
await publisher.ask({ do: 'publish', users: leavers, times: 10, padding: 100 });
const back = await firstClient.ask({ do: 'return', each: 10, timeoutMs: 15_000 });

console.log(
  [
    'bench-sse',
    `connections=${connections}`,
    `users=${userCount}`,
    `p99_ms=${p99(calm).toFixed(0)}`,
    `p99_middle_ms=${middle(p99s).toFixed(0)}`,
    `kb_per_connection=${kbPerConnection.toFixed(1)}`,
    `stalled_effect_ms=${middle(effects).toFixed(0)}`,
    `reconnects=${back.count}`,
    `replay_missed=${back.missed}`,
  ].join(' '),
);
for (const helper of [...clients, publisher]) helper.end();
stop.abort();
await running;
subscriber.disconnect();
await bus.close();
await redis.close();
await rm(folder, { recursive: true, force: true });
process.exit(0);
