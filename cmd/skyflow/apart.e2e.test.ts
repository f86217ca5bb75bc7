import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '#pkg/runtime/free-port.ts';
import { runSkyflow, type SkyflowProcess, startSkyflow } from './e2e-process.ts';

const patient = { timeout: 60_000, interval: 100 };

let folder: string;
const running: SkyflowProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-apart-'));
});

afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

const start = (args: readonly string[]): SkyflowProcess => {
  const run = startSkyflow(args);
  running.push(run);
  return run;
};

describe('a process that runs beside others', () => {
  test.each([
    ['core-api', 'DATABASE_URL'],
    ['timeline', 'CLICKHOUSE_URL'],
    ['gamification', 'CLICKHOUSE_URL'],
    ['feedgen', 'CLICKHOUSE_URL'],
    ['event-router', 'DATABASE_URL'],
    ['realtime-gateway', 'REDIS_URL'],
  ])('%s says which URL it lacks before it does anything', async (command, variable) => {
    const { code, stdout, stderr } = await runSkyflow([command]);
    expect(stderr).toMatch(new RegExp(`^Error: skyflow ${command} needs ${variable} \\(.*\\)\\.\n.*skyflow up\\.\n$`));
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  test('core-api wants a key to sign sessions with', async () => {
    const urls = { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x', REDIS_URL: 'redis://h', NATS_URL: 'nats://h' };
    const { code, stderr } = await runSkyflow(['core-api'], urls);
    expect(stderr).toMatch(/^Error: .* no key to sign sessions with\.\n.*--session-key-folder.*SKYFLOW_SESSION_KEY/);
    expect(stderr).not.toContain('hunter2');
    expect(code).toBe(1);
  });

  test.each([
    ['core-api', 'REDIS_URL'],
    ['timeline', 'REDIS_URL'],
    ['gamification', 'REDIS_URL'],
    ['realtime-gateway', 'REDIS_URL'],
    ['event-router', 'NATS_URL'],
    ['feedgen', 'REDIS_URL'],
  ])('cmd/%s/main.ts is that command', (command, variable) => {
    const main = fileURLToPath(new URL(`../${command}/main.ts`, import.meta.url));
    const out = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, '--help'], {
      encoding: 'utf8',
    });
    expect(out).toContain(`skyflow ${command} [options]`);
    expect(out).toMatch(new RegExp(`${variable} +(?:Redis|NATS) server.*\\[required\\]`));
  });
});

test('realtime-gateway runs over shared stores, is ready, lets nobody in without proof, and stops cleanly', async () => {
  const shared = join(folder, 'shared');
  const common = start(['common', '--data-dir', shared]);
  await expect.poll(() => common.stdout(), patient).toContain('common.env');
  const [port, metricsPort] = [await freePort(), await freePort()];
  const jwksUrl = 'http://127.0.0.1:1/.well-known/jwks.json';
  const sharedStores = ['--env-file', join(shared, 'common.env'), '--jwks-url', jwksUrl];
  const ports = ['--port', String(port), '--metrics-port', String(metricsPort)];
  const gateway = start(['realtime-gateway', ...sharedStores, ...ports]);
  const page = `http://127.0.0.1:${metricsPort}`;
  const ready = async (): Promise<number> => {
    if (gateway.child.exitCode !== null) throw new Error(`it ended: ${gateway.stderr()}`);
    return (await fetch(`${page}/ready`).catch(() => undefined))?.status ?? 0;
  };
  await expect.poll(ready, patient).toBe(200);
  const metrics = await (await fetch(`${page}/metrics`)).text();
  expect(metrics).toMatch(/^skyflow_realtime_connections 0$/m);
  expect(metrics).toMatch(/^events_processed_total\{subject="events\.realtime\.analysis_completed",status="dlq"\} 0$/m);

  const refused = await fetch(`http://127.0.0.1:${port}/sse`);
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ error: expect.any(String), request_id: expect.any(String) });
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 'not on the public port').toBe(404);

  gateway.child.kill('SIGTERM');
  expect(await gateway.ended, gateway.stderr()).toBe(0);
});
