import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { aborted } from '#pkg/runtime/waiting.ts';
import { Stores } from '../compose.ts';
import { openScreen } from '../screen.ts';
import { untilStopped } from '../until-stopped.ts';

/** `skyflow common`: Redis and NATS for services that are run apart, until Ctrl-C. */
export const common = async (options: OptionsOf<'common'>): Promise<void> => {
  using screen = openScreen(options);
  await untilStopped(async (signal) => {
    await using stores = new Stores({ ...options, database: 'skyflow' }, { log: screen.log, signal });
    const [redis, bus] = await Promise.all([stores.redis(), stores.bus()]);
    const file = join((await stores.dataDir()).path, 'common.env');
    // Into a file that only this user can read: what is printed stays in scrollbacks and logs, and these hold passwords.
    await rm(file, { force: true });
    await writeFile(file, `REDIS_URL=${redis.url}\nNATS_URL=${bus.url}\n`, { mode: 0o600 });
    process.stdout.write(
      `Redis and NATS are running. REDIS_URL and NATS_URL, with their passwords, are in ${file}\n` +
        `Use them with: npm run skyflow -- indexer --env-file ${file} --data-dir ./data-indexer\n` +
        'Ctrl-C ends both.\n',
    );
    await aborted(signal);
    await rm(file, { force: true });
  });
};
