import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '#pkg/runtime/free-port.ts';
import { type ClickHouseServer, startClickHouseServer } from '#testing/clickhouse-server/start.ts';
import { type Simulation, simulate } from '#testing/simulator/cli.ts';
import { runSkyflow, type SkyflowProcess, startSkyflow } from './e2e-process.ts';

const patient = { timeout: 40_000, interval: 50 };

let folder: string;
let simulation: Simulation;
let server: ClickHouseServer;
let running: SkyflowProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-e2e-'));
  server = await startClickHouseServer({ path: join(folder, 'server') });
  const world = { rate: 200, seed: 8, accounts: 100, historyMs: 10_000 };
  simulation = await simulate({ ...world, port: 0, host: '127.0.0.1', log: { info: () => undefined } });
});

afterAll(async () => {
  running?.child.kill('SIGKILL');
  await simulation.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the indexer alone outlasts a ClickHouse server that dies, and says so meanwhile', async () => {
  const port = await freePort();
  const env = { CLICKHOUSE_URL: server.url };
  const args = ['--jetstream', simulation.url, '--data-dir', join(folder, 'data'), '--metrics-port', String(port)];
  const run = startSkyflow(['indexer', ...args], env);
  running = run;
  const ready = async (): Promise<unknown> => {
    if (run.child.exitCode !== null) throw new Error(`it ended: ${run.stderr()}`);
    const response = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined);
    return response?.json();
  };
  await expect.poll(ready, patient).toMatchObject({ ready: true });

  await server.kill();
  await expect
    .poll(ready, patient)
    .toMatchObject({ ready: false, detail: { phase: 'stalled', stalled: 'unavailable' } });
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('skyflow_store_stalled{reason="unavailable"} 1');

  await server.restart();
  await expect.poll(ready, patient).toMatchObject({ ready: true, detail: { stalled: null } });

  // A server that was named is asked itself, without any data folder.
  const asked = await runSkyflow(['sql', 'SELECT count() > 0 FROM posts', '--format', 'TSV'], env);
  expect(asked).toMatchObject({ code: 0, stdout: '1\n' });
  const { stdout } = await runSkyflow(['status', '--json'], env);
  expect(JSON.parse(stdout)).toMatchObject({ phase: 'stopped', gaps: { open: 0 }, deadLetters: { count: 0 } });

  run.child.kill('SIGINT');
  expect(await run.ended).toBe(0);
});
