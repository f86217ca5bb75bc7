import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { Stores } from '../compose.ts';
import { createIngest } from '../ingest.ts';
import { migrateAll } from '../migrations.ts';
import { monitor } from '../monitor.ts';
import { checkReplay, replaySummary } from '../replay.ts';
import { openScreen } from '../screen.ts';
import { graceMs, offlineHint } from './up.ts';
import { untilStopped } from '../until-stopped.ts';

/** `skyflow indexer`: reading the network, and nothing else. Needs ClickHouse and Redis only. */
export const indexer = async (options: OptionsOf<'indexer'>): Promise<void> => {
  if (options.replay !== undefined) await checkReplay(options.replay);
  using screen = openScreen(options);
  await untilStopped(async (signal) => {
    const { log } = screen;
    await using stores = new Stores(options, { log, signal });
    await migrateAll(stores, ['clickhouse'], log);
    const ingest = await createIngest(options, { stores, log, registry: createMetrics(), details: new Map() });
    const services = [...ingest.services, monitor({ ...ingest, screen, offlineHint })];
    const startedMs = Date.now();
    await runAll(services, { signal: AbortSignal.any([signal, ingest.finished]), graceMs, log });
    screen.live.finish();
    if (ingest.progress.finished)
      process.stdout.write(replaySummary(options.replay ?? '', ingest.progress, Date.now() - startedMs));
  });
};
