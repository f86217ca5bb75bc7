import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusReport } from '#pkg/indexer/status.ts';
import { freePort } from '#pkg/runtime/free-port.ts';
import { type Simulation, simulate } from '#testing/simulator/cli.ts';
import { runSkyflow, type SkyflowProcess, startSkyflow } from './e2e-process.ts';

const patient = { timeout: 30_000, interval: 50 };

let folder: string;
let dataDir: string;
let simulation: Simulation;
let running: SkyflowProcess | undefined;
let metricsPort: number;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-e2e-'));
  dataDir = join(folder, 'data');
  simulation = await simulate({
    port: 0,
    host: '127.0.0.1',
    rate: 300,
    seed: 7,
    accounts: 200,
    historyMs: 60_000,
    log: { info: () => undefined },
  });
});

afterAll(async () => {
  running?.child.kill('SIGKILL');
  await simulation.stop();
  rmSync(folder, { recursive: true, force: true });
});

const startUp = async (): Promise<SkyflowProcess> => {
  metricsPort = await freePort();
  port = await freePort();
  const ports = ['--port', String(port), '--metrics-port', String(metricsPort)];
  const run = startSkyflow(['up', '--jetstream', simulation.url, '--data-dir', dataDir, ...ports]);
  running = run;
  await expect.poll(() => readyStatus(run), patient).toBe(200);
  return run;
};

/** The HTTP status of `/ready`; 0 while nobody listens. An early end is shown with its reason, not waited out. */
const readyStatus = async (run: SkyflowProcess): Promise<number> => {
  if (run.child.exitCode !== null) throw new Error(`it ended: ${run.stderr()}`);
  const response = await fetch(`http://127.0.0.1:${metricsPort}/ready`).catch(() => undefined);
  return response?.status ?? 0;
};

const countPosts = async (): Promise<number> => {
  const query = ['sql', 'SELECT count() FROM posts FINAL', '--format', 'TSV', '--data-dir', dataDir];
  const { code, stdout, stderr } = await runSkyflow(query);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return Number(stdout);
};

const readStatus = async (): Promise<StatusReport> => {
  const { stdout } = await runSkyflow(['status', '--json', '--data-dir', dataDir]);
  return JSON.parse(stdout) as StatusReport;
};

const tableNames = async (): Promise<string[]> => (await readStatus()).tables.map((table) => table.name);

const stopCleanly = async (run: SkyflowProcess): Promise<void> => {
  const startedMs = Date.now();
  run.child.kill('SIGTERM');
  expect(await run.ended).toBe(0);
  expect(Date.now() - startedMs).toBeLessThan(8_000);
  running = undefined;
};

describe('up against a simulated network', () => {
  let postsAtStop: number;
  let firstCursorUs: number;

  test('becomes ready, answers sql and status through its socket, and serves its pages', async () => {
    const run = await startUp();
    await expect.poll(countPosts, patient).toBeGreaterThan(0);

    await expect.poll(tableNames, patient).toContain('posts');
    const report = await readStatus();
    expect(report).toMatchObject({ phase: 'live', stall: null, gaps: { open: 0 }, deadLetters: { count: 0 } });
    expect(report.link?.host).toBe(new URL(simulation.url).host);
    expect(report.cursor?.timeUs).toBeGreaterThan(0);
    firstCursorUs = report.cursor?.timeUs ?? 0;

    const people = await runSkyflow(['status', '--data-dir', dataDir]);
    expect(people.stdout).toMatch(/Skyflow {2}live[\s\S]*events[\s\S]*gaps +none/);

    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'sha256-/);
    expect(await page.text()).not.toMatch(/(?:src|href)="https?:/);
    expect(await (await fetch(`http://127.0.0.1:${port}/status.json`)).json()).toMatchObject({ phase: 'live' });
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toMatch(/skyflow_dropped_total\{reason="not_json"\} 0/);
    expect(metrics).toMatch(/skyflow_connected 1/);
    expect(run.stderr()).toContain(`http://127.0.0.1:${port}`);
  });

  test('is asked something wrong, and says so in one sentence', async () => {
    const wrong = await runSkyflow(['sql', 'SELECT * FROM postz', '--data-dir', dataDir]);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/^Error: ClickHouse: Unknown table .*\n.*SHOW TABLES/);
    const forbidden = await runSkyflow(['sql', 'DROP TABLE posts', '--data-dir', dataDir]);
    expect(forbidden.stderr).toContain('Give --write');
    expect(await countPosts()).toBeGreaterThan(0);
  });

  test('keeps its folder for itself', async () => {
    const second = await runSkyflow(['migrate', 'version', '--data-dir', dataDir]);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^Error: The data folder .* is in use by process \d+\.\n/);
  });

  test('stops cleanly, and its data can be asked without it', async () => {
    await stopCleanly(running as SkyflowProcess);
    postsAtStop = await countPosts();
    expect(postsAtStop).toBeGreaterThan(0);
    expect(await readStatus()).toMatchObject({ phase: 'stopped', process: null, gaps: { open: 0 } });
  });

  test('goes on where it stopped, without a gap', async () => {
    await startUp();
    await expect.poll(countPosts, patient).toBeGreaterThan(postsAtStop);
    const report = await readStatus();
    expect(report.gaps.open).toBe(0);
    expect(report.cursor?.timeUs).toBeGreaterThan(firstCursorUs);
  });
});

describe('what cannot go on says why in one sentence', () => {
  const refused = async (args: readonly string[], pattern: RegExp): Promise<void> => {
    const { code, stderr } = await runSkyflow(args);
    expect(stderr).toMatch(pattern);
    expect(stderr, 'no stack').not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  };

  test('a taken port', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => void squatter.listen(0, '127.0.0.1', resolve));
    const { port: taken } = squatter.address() as { port: number };
    const args = ['up', '--jetstream', simulation.url, '--data-dir', join(folder, 'other'), '--metrics-port', '0'];
    await refused([...args, '--port', String(taken)], /Error: status page cannot listen on .* taken\.\n.*--port/);
    squatter.close();
  });

  test('a foreign folder', async () => {
    const foreign = join(folder, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'holiday.txt'), '');
    await refused(['up', '--data-dir', foreign], /Error: The folder .* was not made by Skyflow.*\n/);
  });

  test('a wrong scheme, an unknown flag, a missing file, no data', async () => {
    await refused(['up', '--jetstream', 'https://example.com'], /ws:\/\/ or wss:\/\//);
    await refused(['up', '--jetsream', 'ws://x'], /no option --jetsream\.\nDid you mean --jetstream\?/);
    await refused(['up', '--replay', join(folder, 'none.jsonl')], /There is no file .*none\.jsonl/);
    await refused(['sql', 'SELECT 1', '--data-dir', join(folder, 'none')], /There is no data in/);
  });
});

test('a file is read to its end, counted by reason, and stays queryable', async () => {
  const file = join(folder, 'events.jsonl');
  const frames = simulation.simulator.log;
  const lines = Array.from({ length: 50 }, (_, index) => frames.at(frames.start + index)?.data.toString() ?? '');
  writeFileSync(file, `${lines.join('\n')}\n{"did":7}\nnot json\n`);
  const replayed = join(folder, 'replayed');
  const args = ['up', '--replay', file, '--data-dir', replayed, '--port', '0', '--metrics-port', '0'];
  const { code, stdout, stderr } = await runSkyflow(args);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^Read 52 events from .*\n\s+indexed +50\n[\s\S]*not json +1\n/);
  const asked = await runSkyflow([
    'sql',
    'SELECT sum(events) FROM ingest_log',
    '--format',
    'TSV',
    '--data-dir',
    replayed,
  ]);
  expect(asked.stdout).toBe('52\n');
});
