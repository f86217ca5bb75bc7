import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { simulate } from './cli.ts';

const settings = { port: 0, host: '127.0.0.1', rate: 500, seed: 5, accounts: 60, historyMs: 4_000 };

test('history ends now, the live stream goes on from it, and the signal ends everything', async () => {
  const lines: string[] = [];
  const stop = new AbortController();
  const log = { info: (_: object, message: string) => lines.push(message) };
  const before = Date.now() * 1000;
  const simulation = await simulate({ ...settings, log, signal: stop.signal });
  expect(lines).toEqual(['the simulated network is running']);
  const ws = new WebSocket(`${simulation.url}?cursor=1`);
  const times: number[] = [];
  let code = 0;
  ws.on('message', (data: Buffer) => times.push((JSON.parse(data.toString()) as { time_us: number }).time_us));
  ws.on('close', (closedWith) => (code = closedWith));
  await vi.waitFor(() => expect(times.length).toBeGreaterThan(2_200), { timeout: 10_000 });
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThan(before - 5_000_000);
  const history = times.filter((time) => time < before).length;
  expect(history).toBeGreaterThan(1_800);
  expect(history).toBeLessThan(2_200);
  stop.abort();
  await simulation.finished;
  await vi.waitFor(() => expect(code).toBe(1006));
});

test('a long history is thinned, not endless, and stop is harmless twice', async () => {
  const log = { info: () => undefined };
  const simulation = await simulate({ ...settings, rate: 2_000, historyMs: 30 * 86_400_000, lookBackMs: 1e11, log });
  expect(simulation.simulator.log.end).toBeGreaterThan(150_000);
  expect(simulation.simulator.log.end).toBeLessThan(250_000);
  await simulation.stop();
  await simulation.stop();
});
