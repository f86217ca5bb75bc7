import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '#pkg/runtime/free-port.ts';
import { type SkyflowProcess, startSkyflow } from './e2e-process.ts';

let folder: string;
let running: SkyflowProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-demo-'));
});

afterAll(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  rmSync(folder, { recursive: true, force: true });
});

test('the demo signs a user in, shows four lenses and the events that came, and says how to go on', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const ports = ['--port', String(port), '--metrics-port', String(metricsPort)];
  const dataDir = join(folder, 'data');
  const run = startSkyflow(['demo', '--accounts', '300', '--data-dir', dataDir, ...ports]);
  running = run;
  const ended = () => run.child.exitCode !== null || run.stderr().includes('the tour of the demo broke off');
  const settled = () => ended() || run.stdout().includes('Look for yourself');
  await expect.poll(settled, { timeout: 150_000, interval: 100 }).toBe(true);
  expect(ended(), run.stderr()).toBe(false);

  const shown = run.stdout();
  expect(shown).toMatch(/^Everything here is invented: .*\n[\s\S]*\nSigned in as \S+, the busiest account/);
  for (const title of ['Flow', 'Clout', 'Kudos', 'Pulse']) {
    // With a score and a board: the account was chosen for having both.
    const [, lens = ''] =
      new RegExp(`\n${title} {2}(\\S+\n48 hours[\\s\\S]*?)\n\n(?=[A-Z]\\w+ {2}|Each was announced)`).exec(shown) ?? [];
    expect(lens, `${title} in ${shown}`).toMatch(/\d of 10 {2}[\s\S]*of the accounts it follows\n/);
  }
  expect(shown.match(/event: analysis_completed\n {2}id: \S+-\d+\n {2}data: \{[^}]*"correlation_id":"/g)).toHaveLength(
    4,
  );

  const file = join(dataDir, 'demo-token');
  expect(shown).toContain(`$(cat ${file})`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const token = readFileSync(file, 'utf8');
  expect(shown + run.stderr(), 'the token itself is shown nowhere').not.toContain(token);
  const me = await fetch(`http://127.0.0.1:${port}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  expect(await me.json()).toMatchObject({ tier: 'orbit' });

  run.child.kill('SIGTERM');
  expect(await run.ended, run.stderr()).toBe(0);
  expect(existsSync(file)).toBe(false);
});
