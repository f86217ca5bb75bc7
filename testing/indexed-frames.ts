import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { Indexer } from '#pkg/indexer/indexer.ts';
import { fileSource } from '#pkg/indexer/source/file.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';

/** Frames of a file have no cursor, so nothing need be remembered. */
const forgetful = { get: () => Promise.resolve(null), set: () => Promise.resolve('OK') };

/** Writes the frames to a temporary file and lets the real indexer replay it into the store. */
export const indexFrames = async (store: ClickHouse, frames: readonly string[]): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-frames-'));
  try {
    const path = join(folder, 'frames.ndjson');
    await writeFile(path, `${frames.join('\n')}\n`);
    const indexer = new Indexer({
      store,
      redis: forgetful,
      source: fileSource(path),
      limits: { maxEvents: 2_000, maxBytes: 20_000_000, maxAgeMs: 1_000 },
      lookBackMs: 3_600_000,
      clock: systemClock,
      log: createLogger({ level: 'error' }),
    });
    await indexer.run(new AbortController().signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
