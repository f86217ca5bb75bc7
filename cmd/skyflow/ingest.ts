import { Indexer } from '#pkg/indexer/indexer.ts';
import { registerIndexerMetrics } from '#pkg/indexer/metrics.ts';
import { Progress } from '#pkg/indexer/progress.ts';
import { RateMeter } from '#pkg/indexer/rates.ts';
import { applyRawRetention } from '#pkg/indexer/retention.ts';
import { fileSource } from '#pkg/indexer/source/file.ts';
import { jetstreamSource } from '#pkg/indexer/source/jetstream.ts';
import { dailyStatsService } from '#pkg/indexer/stats/service.ts';
import { phaseOf, StatusReader } from '#pkg/indexer/status.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { serveOps } from '#pkg/runtime/http.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { tellDetails } from './report.ts';
import type { PartContext } from './services.ts';

/** What the options of `up`, `demo` and `indexer` say about reading the network. */
export interface IngestOptions {
  readonly jetstream: readonly string[];
  /** A file to read instead. */
  readonly replay?: string | undefined;
  readonly silenceMs: number;
  readonly lookBackMs: number;
  readonly flushRows: number;
  readonly flushBytes: number;
  readonly flushIntervalMs: number;
  readonly rawRetentionMs: number;
  readonly host: string;
  readonly metricsPort: number;
  /** Where the very first run begins; undefined: now. */
  readonly firstRunFromUs?: number | undefined;
}

/** Everything that reads the network into ClickHouse, and the means to watch it. */
export interface Ingest {
  readonly progress: Progress;
  readonly meter: RateMeter;
  readonly reader: StatusReader;
  /** The indexer, the daily statistics, and the internal page of metrics. */
  readonly services: readonly Service[];
  /** Aborts when a file was read to its end. */
  readonly finished: AbortSignal;
}

/** Needs ClickHouse, migrated, and Redis. Its metrics, and those of whatever else the process runs, are in `registry`. */
export const createIngest = async (
  options: IngestOptions,
  { stores, log, registry, details }: PartContext,
): Promise<Ingest> => {
  const store = await stores.clickhouse();
  const { redis } = await stores.redis();
  await applyRawRetention(store, options.rawRetentionMs, log);
  const clock = systemClock;
  const progress = new Progress();
  progress.startedAtMs = clock.nowMs();
  const meter = new RateMeter(progress);
  const indexer = new Indexer({
    store,
    redis,
    source: sourceOf(options, progress, log),
    limits: { maxEvents: options.flushRows, maxBytes: options.flushBytes, maxAgeMs: options.flushIntervalMs },
    lookBackMs: options.lookBackMs,
    firstRunFromUs: options.firstRunFromUs,
    clock,
    log: log.child({ component: 'indexer' }),
    progress,
  });
  const live = { progress, meter, firstRunFromUs: options.firstRunFromUs };
  const finished = new AbortController();
  return {
    progress,
    meter,
    reader: new StatusReader({ store, redis, live, nowMs: () => clock.nowMs() }),
    services: [
      endsWithFile(indexer, finished),
      dailyStatsService({ store, clock, log: log.child({ component: 'daily-stats' }) }),
      opsService(options, progress, { registry, details }),
    ],
    finished: finished.signal,
  };
};

const sourceOf = (options: IngestOptions, progress: Progress, log: Logger) => {
  if (options.replay !== undefined) return fileSource(options.replay);
  return jetstreamSource({
    urls: options.jetstream,
    silenceMs: options.silenceMs,
    clock: systemClock,
    log: log.child({ component: 'jetstream' }),
    onState: (link) => {
      progress.link = link;
    },
  });
};

/** Reaching the end of a file is the end of the work, not a service that broke down. */
const endsWithFile = (indexer: Indexer, finished: AbortController): Service => ({
  name: indexer.name,
  run: async (signal) => {
    await indexer.run(signal);
    if (indexer.progress.finished) finished.abort();
  },
});

const opsService = (
  { host, metricsPort }: IngestOptions,
  progress: Progress,
  { registry, details }: Pick<PartContext, 'registry' | 'details'>,
): Service => {
  const nowMs = (): number => systemClock.nowMs();
  registerIndexerMetrics(registry, progress, nowMs);
  const detail = () => ({
    phase: phaseOf(progress, nowMs()),
    lagSeconds: (progress.lagMs(nowMs()) ?? Number.NaN) / 1000,
    stalled: progress.stall?.reason ?? null,
    ...tellDetails(details),
  });
  return serveOps({
    host,
    port: metricsPort,
    registry,
    health: () => ({ ok: true, detail: detail() }),
    ready: async () => ({ ready: progress.caughtUp(nowMs()), detail: detail() }),
  });
};
