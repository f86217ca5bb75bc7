import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { FrameLog } from './frame-log.ts';
import { frames } from './sample-frames.ts';
import { type Simulator, startSimulator } from './server.ts';
import { parseTransportFault, TRANSPORT_FAULTS, type TransportFault } from './transport-faults.ts';

const history = frames(400);
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const serve = async (...faults: TransportFault[]): Promise<Simulator> => {
  const log = new FrameLog();
  log.append(history);
  const simulator = await startSimulator({ log, faults, pingIntervalMs: 5 });
  stops.push(() => simulator.close());
  return simulator;
};

const read = (simulator: Simulator) => {
  const ws = new WebSocket(`${simulator.url}?cursor=1`);
  const reader = { ws, texts: [] as string[], binary: 0, pings: 0, code: 0, error: '' };
  ws.on('message', (data: Buffer, binary) => {
    if (binary) reader.binary += 1;
    else reader.texts.push(data.toString());
  });
  ws.on('ping', () => (reader.pings += 1));
  ws.on('error', (error) => (reader.error = error.message));
  ws.on('close', (code) => (reader.code = code));
  stops.push(() => ws.terminate());
  return reader;
};

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 10_000, interval: 5 });
const all = history.map((frame) => frame.text);

test('close: after so many frames, with the code of the script, on that connection only', async () => {
  const simulator = await serve({ kind: 'close', code: 1001, afterFrames: 120, connection: 1 });
  const first = read(simulator);
  await until(() => first.code === 1001);
  expect(first.texts).toEqual(all.slice(0, 120));
  const second = read(simulator);
  await until(() => second.texts.length === 400);
  expect(second.code).toBe(0);
  expect(simulator.accepted()).toBe(2);
});

test('drop: the client sees 1006, on every connection', async () => {
  const simulator = await serve({ kind: 'drop', afterFrames: 50 });
  for (const reader of [read(simulator), read(simulator)]) {
    await until(() => reader.code === 1006);
    expect(reader.texts.length).toBeLessThanOrEqual(50);
  }
});

test('stall: nothing more comes though pings do, and it may go on later', async () => {
  const simulator = await serve(
    { kind: 'stall', afterFrames: 30, connection: 1 },
    { kind: 'stall', afterFrames: 30, pings: false, forMs: 40, connection: 2 },
  );
  const first = read(simulator);
  await until(() => first.texts.length === 30);
  const second = read(simulator);
  await until(() => second.texts.length === 400);
  const pings = first.pings;
  await until(() => first.pings > pings + 3);
  expect(first.texts).toHaveLength(30);
  expect(first.code).toBe(0);
});

test('refuse and silent: an HTTP error, then a connection that never speaks', async () => {
  const simulator = await serve({ kind: 'refuse', connection: 1, status: 502 }, { kind: 'silent', connection: 2 });
  const refused = read(simulator);
  await until(() => refused.error.includes('502'));
  const silent = read(simulator);
  await until(() => silent.pings > 3);
  expect(silent.texts).toEqual([]);
  const third = read(simulator);
  await until(() => third.texts.length === 400);
  expect(silent.texts).toEqual([]);
});

test('clamp: an old cursor silently starts later', async () => {
  const simulator = await serve({ kind: 'clamp', lookBackMs: 300 });
  const reader = read(simulator);
  await until(() => reader.texts.at(-1) === all.at(-1));
  const fromUs = (history.at(-1)?.timeUs ?? 0) - 300_000;
  expect(reader.texts).toEqual(history.filter((frame) => frame.timeUs >= fromUs).map((frame) => frame.text));
  expect(reader.texts.length).toBeLessThan(250);
});

test('duplicate: the last frames come once more', async () => {
  const simulator = await serve({ kind: 'duplicate', afterFrames: 100, frames: 7 });
  const reader = read(simulator);
  await until(() => reader.texts.length === 407);
  expect(reader.texts).toEqual([...all.slice(0, 100), ...all.slice(93)]);
  expect(simulator.framesSent()).toBe(407);
});

test('time-back: some frames are stamped earlier, nothing else changes', async () => {
  const simulator = await serve({ kind: 'time-back', afterFrames: 100, frames: 3, backUs: 31_600 });
  const reader = read(simulator);
  await until(() => reader.texts.length === 400);
  const times = reader.texts.map((text) => (JSON.parse(text) as { time_us: number }).time_us);
  const expected = history.map((frame, index) => frame.timeUs - (index >= 100 && index < 103 ? 31_600 : 0));
  expect(times).toEqual(expected);
});

test('binary and invalid-utf8: a stray message, and one that makes the client close', async () => {
  const simulator = await serve(
    { kind: 'binary', everyFrames: 100, connection: 1 },
    { kind: 'invalid-utf8', afterFrames: 10, connection: 2 },
  );
  const first = read(simulator);
  await until(() => first.texts.length === 400);
  expect(first.binary).toBe(3);
  const second = read(simulator);
  await until(() => second.error.includes('UTF-8'));
  expect(second.texts).toEqual(all.slice(0, 10));
});

test('a fault is read from words, and a wrong word is explained', () => {
  const fault = { kind: 'drop', connection: 1, afterFrames: 500 };
  expect(parseTransportFault('drop:connection=1,afterFrames=500')).toEqual({ ok: true, fault });
  expect(parseTransportFault('stall:pings=false')).toEqual({ ok: true, fault: { kind: 'stall', pings: false } });
  for (const words of ['explode', 'drop:when=soon', 'drop:afterFrames=-1', 'clamp', 'stall:pings=maybe', 'toString']) {
    expect(parseTransportFault(words).ok, words).toBe(false);
  }
  for (const name of Object.keys(TRANSPORT_FAULTS)) {
    expect(parseTransportFault(name === 'clamp' ? 'clamp:lookBackMs=5' : name).ok, name).toBe(true);
  }
});
