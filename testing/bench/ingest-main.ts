/**
 * `just bench-ingest`: from a socket to durable rows, beside what a bare `ws` + `JSON.parse` loop reads from the same
 * server in the same run. Each round is a pair, on a fresh folder; the line at the end holds the medians.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { type ClickHouse, openClickHouse } from '#pkg/clickhouse/client.ts';
import { migrateClickHouse } from '#pkg/clickhouse/migrate.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { Indexer } from '#pkg/indexer/indexer.ts';
import { Progress } from '#pkg/indexer/progress.ts';
import { jetstreamSource } from '#pkg/indexer/source/jetstream.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { startRawServer, type RawServerProcess } from './raw-server-process.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1500000' },
    rounds: { type: 'string', default: '3' },
    'flush-rows': { type: 'string', default: '200000' },
    'flush-mb': { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
    /** Print each flush's steps. */
    steps: { type: 'boolean', default: false },
  },
});

const events = Number(values.events);
const log = createLogger({ level: 'warn' });

/** Events a second of the plainest reader there can be. */
const measureBaseline = (server: RawServerProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    let count = 0;
    let startedMs = 0;
    const socket = new WebSocket(server.url, { perMessageDeflate: false });
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      if (count === 0) startedMs = performance.now();
      JSON.parse(data.toString('utf8'));
      count += 1;
      if (count < events) return;
      resolve((count / (performance.now() - startedMs)) * 1000);
      socket.terminate();
    });
  });

const memoryRedis = () => {
  const values = new Map<string, string>();
  return {
    get: (key: string) => Promise.resolve(values.get(key) ?? null),
    set: (key: string, value: string) => Promise.resolve(values.set(key, value)),
  };
};

interface Indexed {
  readonly perSecond: number;
  readonly peakRssMb: number;
}

const measureIndexer = async (server: RawServerProcess, store: ClickHouse): Promise<Indexed> => {
  const progress = new Progress();
  const indexer = new Indexer({
    store,
    redis: memoryRedis(),
    source: jetstreamSource({ urls: [server.url], silenceMs: 60_000, clock: systemClock, log }),
    limits: {
      maxEvents: Number(values['flush-rows']),
      maxBytes: Number(values['flush-mb']) * 1024 * 1024,
      maxAgeMs: 1_000,
    },
    lookBackMs: 36 * 3_600_000,
    firstRunFromUs: server.firstUs,
    clock: systemClock,
    log,
    progress,
    ...(values.steps ? { onPoint: printSteps() } : {}),
  });
  const stop = new AbortController();
  const startedMs = performance.now();
  const running = indexer.run(stop.signal);
  let peakRss = 0;
  while (durable(progress) < events) {
    await Promise.race([systemClock.sleep(50), running]);
    peakRss = Math.max(peakRss, process.memoryUsage().rss);
    const seconds = (performance.now() - startedMs) / 1000;
    if (process.stderr.isTTY)
      process.stderr.write(`\r  ${durable(progress)} of ${events} durable after ${seconds.toFixed(1)} s `);
    if (seconds > 30 && progress.events === 0) throw new Error('nothing arrived within 30 s');
  }
  const perSecond = (events / (performance.now() - startedMs)) * 1000;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  stop.abort();
  await running;
  return { perSecond, peakRssMb: peakRss / 1e6 };
};

const durable = (progress: Progress): number => {
  let total = progress.droppedTotal + progress.dead;
  for (const count of progress.operations.values()) total += count;
  return total;
};

const printSteps = () => {
  let lastMs = performance.now();
  return (point: string) => {
    console.error(`  ${point} +${Math.round(performance.now() - lastMs)} ms`);
    lastMs = performance.now();
  };
};

const bytesOnDisk = defineQuery<Record<string, never>, { raw: string; typed: string }>({
  name: 'bench_bytes',
  sql: `SELECT sumIf(bytes_on_disk, table = 'repo_records') AS raw, sumIf(bytes_on_disk, table != 'repo_records') AS typed
        FROM system.parts WHERE active AND database = currentDatabase()`,
});

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

const rounds: { baseline: number; indexed: Indexed; raw: number; typed: number }[] = [];
for (let round = 1; round <= Number(values.rounds); round += 1) {
  const server = await startRawServer({ count: events, seed: Number(values.seed) });
  const baseline = await measureBaseline(server);
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-bench-'));
  const store = await openClickHouse({ path: join(folder, 'clickhouse'), database: 'skyflow' });
  await migrateClickHouse(store, log);
  const indexed = await measureIndexer(server, store);
  const [bytes] = await store.query(bytesOnDisk, {});
  await store.close();
  server.stop();
  await rm(folder, { recursive: true, force: true });
  rounds.push({ baseline, indexed, raw: Number(bytes?.raw) / events, typed: Number(bytes?.typed) / events });
  const ratio = indexed.perSecond / baseline;
  console.log(
    `round ${round}: ws + JSON.parse ${Math.round(baseline)}/s, indexed ${Math.round(indexed.perSecond)}/s, ratio ${ratio.toFixed(3)}, peak RSS ${Math.round(indexed.peakRssMb)} MB`,
  );
}

const ratios = rounds.map((round) => round.indexed.perSecond / round.baseline);
const of = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
console.log(
  [
    'bench-ingest',
    `events_per_s=${Math.round(of((round) => round.indexed.perSecond))}`,
    `baseline_per_s=${Math.round(of((round) => round.baseline))}`,
    `ratio=${median(ratios).toFixed(3)}`,
    `rss_mb=${Math.round(Math.max(...rounds.map((round) => round.indexed.peakRssMb)))}`,
    `bytes_typed=${of((round) => round.typed).toFixed(1)}`,
    `bytes_raw=${of((round) => round.raw).toFixed(1)}`,
  ].join(' '),
);
process.exit(0);
