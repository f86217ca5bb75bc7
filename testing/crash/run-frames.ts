import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { BatchLimits } from '#pkg/indexer/batch/batcher.ts';
import { Indexer } from '#pkg/indexer/indexer.ts';
import type { Progress } from '#pkg/indexer/progress.ts';
import { BadFrame, type EventSource } from '#pkg/indexer/source/types.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';

/** A Redis that holds nothing: for sources that cannot resume. */
const noRedis = { get: () => Promise.resolve(null), set: () => Promise.resolve('OK') };

/** A frame as every source hands it on. */
export const parseFrame = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return new BadFrame(text, 'not_json');
  }
};

/** Frames out of memory, as a file would give them, so many at a time. */
export const memorySource = (texts: readonly string[], chunkFrames: number): EventSource => ({
  name: 'memory',
  resumable: false,
  // oxlint-disable-next-line require-await -- the seam is asynchronous, memory is not
  async *chunks() {
    for (let at = 0; at < texts.length; at += chunkFrames) {
      yield { origin: 'memory', connection: 1, items: texts.slice(at, at + chunkFrames).map(parseFrame) };
    }
  },
});

/** How to run frames: a batch is closed when it is full at the end of a chunk. */
export interface RunSize extends Partial<BatchLimits> {
  readonly chunkFrames: number;
}

/** Runs frames through a whole indexer, to the end; a new one each time, as after a restart. */
export const runFrames = async (store: ClickHouse, texts: readonly string[], size: RunSize): Promise<Progress> => {
  const { chunkFrames, maxEvents = chunkFrames, maxBytes = 50_000_000, maxAgeMs = 10_000 } = size;
  const indexer = new Indexer({
    store,
    redis: noRedis,
    source: memorySource(texts, chunkFrames),
    limits: { maxEvents, maxBytes, maxAgeMs },
    lookBackMs: 3_600_000,
    clock: systemClock,
    log: createLogger({ level: 'error' }),
  });
  await indexer.run(new AbortController().signal);
  return indexer.progress;
};

const keptTables = new Set(['installation', 'schema_migrations']);

/** Empties every table but the installation's own: hundreds of small cases share one engine, at 0.1 s each. */
export const emptyTables = async (store: ClickHouse): Promise<void> => {
  const text = await store.read(
    `SELECT name FROM system.tables WHERE database = '${store.database}' AND engine LIKE '%MergeTree'`,
    'TSV',
  );
  for (const name of text.split('\n')) {
    if (name !== '' && !keptTables.has(name)) await store.command(`TRUNCATE TABLE ${name} SYNC`);
  }
};
