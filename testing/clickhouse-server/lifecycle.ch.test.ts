import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, ClickHouseLogLevel, type ClickHouseClient } from '@clickhouse/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startClickHouseServer, type ClickHouseServer } from './start.ts';

/** Failures are what is tested here: the client need not log them. */
const quiet = { log: { level: ClickHouseLogLevel.OFF } };

let folder: string;
let server: ClickHouseServer;
let client: ClickHouseClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clickhouse-server-'));
  server = await startClickHouseServer({ path: folder });
  client = createClient({ ...quiet, url: server.url, request_timeout: 10_000 });
  await client.command({ query: 'CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id' });
});

afterEach(async () => {
  await client.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const count = async (): Promise<{ n: number; distinct: number }> => {
  const answer = await client.query({
    query: 'SELECT count() AS n, uniqExact(id) AS distinct FROM kept',
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ n: number; distinct: number }>();
  return row ?? { n: -1, distinct: -1 };
};

const insertRow = (id: number): Promise<unknown> =>
  client.insert({ table: 'kept', values: [{ id }], format: 'JSONEachRow' });

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

test('kill -9 under load loses no acknowledged row', async () => {
  let acknowledged = 0;
  for (const round of [1, 2, 3]) {
    const { pid, url } = server;
    let next = round * 1_000_000;
    const writer = (async () => {
      try {
        for (;;) {
          await insertRow(next);
          next += 1;
          acknowledged += 1;
        }
      } catch {
        // The server is gone: what this test is about.
      }
    })();
    const goal = acknowledged + 20;
    await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThanOrEqual(goal);
    await server.kill('SIGKILL');
    await writer;
    expect(isGone(pid)).toBe(true);
    await server.restart();
    expect(server.url).toBe(url);
    expect(server.pid).not.toBe(pid);
    const { n, distinct } = await count();
    // The last insert of a round may be in without its acknowledgement, and no other.
    expect(distinct).toBe(n);
    expect(n).toBeGreaterThanOrEqual(acknowledged);
    expect(n).toBeLessThanOrEqual(acknowledged + round);
  }
});

test('a paused server answers nobody, and everybody when it goes on', async () => {
  await insertRow(1);
  await server.pause();
  const hasty = createClient({ ...quiet, url: server.url, request_timeout: 300 });
  await expect(hasty.query({ query: 'SELECT 1' })).rejects.toThrow(/timeout/i);
  const waiting = count();
  server.resume();
  expect(await waiting).toEqual({ n: 1, distinct: 1 });
  await hasty.close();
});

test('stops in good order, even paused, and refuses connections until it is back', async () => {
  await insertRow(1);
  await server.pause();
  await server.stop();
  await server.stop();
  await expect(client.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.restart();
  expect(await count()).toEqual({ n: 1, distinct: 1 });
});

test('says why it cannot start', async () => {
  const port = Number(new URL(server.url).port);
  const other = await mkdtemp(join(tmpdir(), 'clickhouse-server-'));
  await expect(startClickHouseServer({ path: other, port })).rejects.toThrow(/EADDRINUSE/);
  await rm(other, { recursive: true, force: true });
});

test('ends with the process that started it, even one killed with -9', async () => {
  const startFile = new URL('start.ts', import.meta.url).href;
  const script = `const { startClickHouseServer } = await import(${JSON.stringify(startFile)});
    const server = await startClickHouseServer({ path: process.argv[1] });
    console.log(server.pid);`;
  const other = await mkdtemp(join(tmpdir(), 'clickhouse-server-'));
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script, other], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isGone(pid)).toBe(false);
  parent.kill('SIGKILL');
  await expect.poll(() => isGone(pid), { timeout: 10_000 }).toBe(true);
  await rm(other, { recursive: true, force: true });
});
