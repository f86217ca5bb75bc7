import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedis } from '#pkg/redis/client.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import type { TortureRoom } from './torture.ts';

/** A folder and one Redis for any number of seeds; `REDIS_URL` names another Redis. `keep` leaves the folder behind. */
export const openRoom = async (): Promise<TortureRoom & { close(keep?: boolean): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-torture-'));
  await mkdir(join(folder, 'data'));
  const url = process.env['REDIS_URL'];
  const handle = await openRedis({ url, dataDir: join(folder, 'data'), log: createLogger({ level: 'error' }) });
  return {
    folder,
    redisUrl: handle.url,
    redis: handle.redis,
    close: async (keep = false) => {
      await handle.close();
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
};
