import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { freePort } from '#pkg/runtime/free-port.ts';

/** A Redis that a test kills and starts again, on the same files and port. */
export interface RedisProcess {
  readonly url: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it (again); resolves when it answers. */
  start(): Promise<void>;
}

const answers = async (url: string): Promise<boolean> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: 500,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
};

/** Not yet started. Each write is on disk before it is acknowledged, so that a kill takes back nothing. */
export const redisProcess = async (folder: string): Promise<RedisProcess> => {
  const command = findExecutable(['redis-server', 'valkey-server']);
  if (command === undefined) throw new Error('redis-server is not installed');
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
  ];
  let running: ChildProcess | undefined;
  process.on('exit', () => running?.kill('SIGKILL'));
  return {
    url,
    kill: async () => {
      const dying = running;
      running = undefined;
      if (dying === undefined || dying.exitCode !== null) return;
      dying.kill('SIGKILL');
      await once(dying, 'exit');
    },
    start: async () => {
      running = spawn(command, args, { stdio: 'ignore' });
      while (!(await answers(url))) {
        if (running.exitCode !== null) throw new Error(`redis-server ended at once (${running.exitCode})`);
        await delay(20);
      }
    },
  };
};
