import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { FrameLog } from './frame-log.ts';
import { frames, START_US } from './sample-frames.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';
import { createWorld, type SimFrame } from './world.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const serve = async (history: readonly SimFrame[], options: Omit<SimulatorOptions, 'log'> = {}): Promise<Simulator> => {
  const log = new FrameLog();
  log.append(history);
  const simulator = await startSimulator({ log, ...options });
  stops.push(() => simulator.close());
  return simulator;
};

interface Reader {
  ws: WebSocket;
  texts: string[];
  closed: { code: number | undefined };
  pings: { count: number };
  error: { message: string };
}

const read = (simulator: Simulator, query = ''): Reader => {
  const ws = new WebSocket(`${simulator.url}${query}`, { perMessageDeflate: true });
  const reader: Reader = { ws, texts: [], closed: { code: undefined }, pings: { count: 0 }, error: { message: '' } };
  ws.on('message', (data: Buffer, binary) => reader.texts.push(binary ? 'binary' : data.toString()));
  ws.on('ping', () => (reader.pings.count += 1));
  ws.on('error', (error) => (reader.error.message = error.message));
  ws.on('close', (code) => (reader.closed.code = code));
  stops.push(() => ws.terminate());
  return reader;
};

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 10_000, interval: 5 });
const texts = (some: readonly SimFrame[]): string[] => some.map((frame) => frame.text);
const history = frames(3_000);
const timeOf = (index: number): number => history[index]?.timeUs ?? 0;

describe('the cursor', () => {
  test('is inclusive, and the live tip follows the history without a hole', async () => {
    const simulator = await serve(history.slice(0, 2_000));
    const reader = read(simulator, `?cursor=${timeOf(500)}`);
    await until(() => reader.texts.length > 0);
    simulator.append(history.slice(2_000));
    await until(() => reader.texts.length >= 2_500);
    expect(reader.texts).toEqual(texts(history.slice(500)));
    expect(simulator.framesSent()).toBe(2_500);
    expect(reader.ws.extensions).toBe('');
  });

  test.each([
    ['older than the history starts at the oldest frame kept', '?cursor=1', 1_000],
    ['of zero does so too', '?cursor=0', 1_000],
    ['in the future drops to the live tip', `?cursor=${START_US * 2}`, 2_000],
    ['left out means the live tip', '', 2_000],
  ])('%s', async (_, query, from) => {
    const simulator = await serve(history.slice(0, 2_000));
    simulator.log.trimBefore(timeOf(1_000));
    const reader = read(simulator, query);
    await until(() => simulator.connections() === 1);
    simulator.append(history.slice(2_000));
    await until(() => reader.texts.at(-1) === history.at(-1)?.text);
    expect(reader.texts).toEqual(texts(history.slice(from)));
  });

  test('finds its place where time steps back', () => {
    const log = new FrameLog();
    log.append([10, 30, 20, 40].map((timeUs) => ({ timeUs, text: '{}' })));
    expect([5, 10, 15, 25, 30, 31, 41].map((timeUs) => log.positionAt(timeUs))).toEqual([0, 0, 1, 1, 1, 3, 4]);
  });

  test('that is no number is refused', async () => {
    const reader = read(await serve([]), '?cursor=now');
    await until(() => reader.error.message.includes('400'));
  });

  test('look-back forgets as the stream moves on, without moving positions', async () => {
    const simulator = await serve([], { lookBackMs: 1_000 });
    for (let start = 0; start < 3_000; start += 100) simulator.append(history.slice(start, start + 100));
    expect(simulator.log.end).toBe(3_000);
    expect(simulator.log.oldestUs).toBeGreaterThanOrEqual(timeOf(2_999) - 1_000_000);
    expect(simulator.log.at(simulator.log.start)?.timeUs).toBe(simulator.log.oldestUs);
    const long = await serve([], { lookBackMs: 1_000 });
    const world = createWorld({ seed: 3, accounts: 50, startUs: START_US, eventsPerSecond: 1_000 });
    for (let batch = 0; batch < 40; batch += 1) long.append(Array.from({ length: 500 }, () => world.next()));
    expect(long.log.end).toBe(20_000);
    expect(long.log.start).toBeGreaterThan(18_000);
    expect(long.log.at(19_999)?.timeUs).toBe(world.nowUs());
  });
});

test('a log with a bound keeps the newest frames', () => {
  const log = new FrameLog(100);
  for (let start = 0; start < 3_000; start += 60) log.append(history.slice(start, start + 60));
  expect([log.start, log.end]).toEqual([2_900, 3_000]);
  expect(log.oldestUs).toBe(timeOf(2_900));
  expect(log.at(2_899)).toBeUndefined();
  for (let round = 0; round < 5; round += 1) log.append(history);
  expect([log.start, log.end]).toEqual([17_900, 18_000]);
  expect(log.at(17_999)?.timeUs).toBe(timeOf(2_999));
});

describe('filters', () => {
  const wanted = (keep: (frame: { kind: string; did: string; commit?: { collection: string } }) => boolean): string[] =>
    texts(history.filter((frame) => keep(JSON.parse(frame.text) as never)));

  test('collections, prefixes and accounts; identity and account events always pass', async () => {
    const simulator = await serve(history);
    const some = read(simulator, '?cursor=1&wantedCollections=app.bsky.feed.like&wantedCollections=app.bsky.graph.*');
    const expected = wanted(
      ({ kind, commit }) =>
        kind !== 'commit' ||
        commit?.collection === 'app.bsky.feed.like' ||
        commit?.collection.startsWith('app.bsky.graph.') === true,
    );
    await until(() => some.texts.length >= expected.length);
    expect(some.texts).toEqual(expected);
    const did = (JSON.parse(history[0]?.text ?? '') as { did: string }).did;
    const one = read(simulator, `?cursor=1&wantedDids=${did}`);
    const expectedOne = wanted((frame) => frame.kind !== 'commit' || frame.did === did);
    await until(() => one.texts.length >= expectedOne.length);
    expect(one.texts).toEqual(expectedOne);
    expect(expectedOne.length).toBeLessThan(expected.length);
  });

  test('an options_update changes the filter of a live connection', async () => {
    const simulator = await serve([]);
    const reader = read(simulator, '?wantedCollections=app.bsky.feed.post&requireHello=true');
    // The host knows of the connection a moment before the client does, and only then can it send.
    await until(() => simulator.connections() === 1 && reader.ws.readyState === reader.ws.OPEN);
    simulator.append(history.slice(0, 1_000));
    const payload = { wantedCollections: ['app.bsky.feed.repost'], maxMessageSizeBytes: 100_000 };
    reader.ws.send(JSON.stringify({ type: 'options_update', payload }));
    const expected = wanted(({ kind, commit }) => kind !== 'commit' || commit?.collection === 'app.bsky.feed.repost');
    simulator.append(history.slice(1_000));
    await until(() => reader.texts.length >= expected.length);
    expect(reader.texts).toEqual(expected);
    reader.ws.send('{"type":"options_update","payload":{"wantedCollections":7}}');
    await until(() => reader.closed.code === 1008);
  });

  test('frames above maxMessageSizeBytes are left out', async () => {
    const reader = read(await serve(history), '?cursor=1&maxMessageSizeBytes=500');
    const expected = texts(history.filter((frame) => Buffer.byteLength(frame.text) <= 500));
    await until(() => reader.texts.length >= expected.length);
    expect(reader.texts).toEqual(expected);
  });

  test('more than 100 collections or nonsense are refused', async () => {
    const simulator = await serve([]);
    const many = Array.from({ length: 101 }, (_, index) => `wantedCollections=a.b.c${index}`).join('&');
    for (const query of [`?${many}`, '?wantedCollections=nonsense', '?wantedDids=alice']) {
      const reader = read(simulator, query);
      await until(() => reader.error.message.includes('400'));
    }
  });
});

describe('pressure', () => {
  test('a reader that pauses holds back the host, and gets everything when it reads on', async () => {
    const big = frames(40, { hostile: { probability: 1, faults: ['huge-record'] } });
    const simulator = await serve(big, { maxBufferedBytes: 2_000_000 });
    const reader = read(simulator, '?cursor=1');
    reader.ws.on('open', () => reader.ws.pause());
    await until(() => reader.ws.isPaused && simulator.bufferedBytes() > 0);
    simulator.append(history);
    const paused = simulator.framesSent();
    expect(paused).toBeLessThan(40);
    expect(simulator.bufferedBytes()).toBeLessThanOrEqual(2_000_000);
    reader.ws.resume();
    await until(() => reader.texts.length === 3_040);
    expect(reader.texts).toEqual(texts([...big, ...history]));
  });

  test('a bound smaller than the socket buffer holds nothing up for good', async () => {
    const simulator = await serve(history, { maxBufferedBytes: 1_000 });
    const reader = read(simulator, '?cursor=1');
    await until(() => reader.texts.length === 3_000);
    expect(reader.texts).toEqual(texts(history));
  });

  test('a reader so slow that its place is forgotten is cut off', async () => {
    const big = frames(40, { hostile: { probability: 1, faults: ['huge-record'] } });
    const simulator = await serve(big);
    const reader = read(simulator, '?cursor=1');
    reader.ws.on('open', () => reader.ws.pause());
    await until(() => reader.ws.isPaused && simulator.bufferedBytes() > 0);
    simulator.log.append(history);
    simulator.log.trimBefore(timeOf(2_990));
    reader.ws.resume();
    await until(() => reader.closed.code === 1008);
  });
});

describe('two hosts and the life of one', () => {
  test('two hosts serve one stream, one of them with shifted times', async () => {
    const first = await serve(history.slice(0, 10));
    const second = await startSimulator({ log: first.log, timeOffsetUs: 3_000 });
    stops.push(() => second.close());
    const reader = read(second, `?cursor=${timeOf(4) + 3_000}`);
    await until(() => reader.texts.length === 6);
    const times = reader.texts.map((text) => (JSON.parse(text) as { time_us: number }).time_us);
    expect(times).toEqual(history.slice(4, 10).map((frame) => frame.timeUs + 3_000));
  });

  test('pings come at their interval, the port can be taken again, other paths are refused', async () => {
    const simulator = await serve([], { pingIntervalMs: 10 });
    const reader = read(simulator);
    await until(() => reader.pings.count > 2);
    await simulator.close();
    await until(() => reader.closed.code === 1006);
    const again = await serve([], { port: simulator.port });
    expect(again.url).toBe(simulator.url);
    await expect(startSimulator({ log: new FrameLog(), port: again.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    again.refuseWith(503);
    const refused = read(again);
    await until(() => refused.error.message.includes('503'));
    again.refuseWith(undefined);
    const lost = new WebSocket(again.url.replace('/subscribe', '/other'));
    const message = await new Promise<string>((resolve) => {
      lost.on('error', (error) => resolve(error.message));
    });
    expect(message).toContain('404');
  });

  test('a world happens in real time at the rate asked for', async () => {
    const simulator = await serve([]);
    const world = createWorld({ seed: 1, accounts: 100, startUs: START_US, eventsPerSecond: 1 });
    const reader = read(simulator);
    await until(() => simulator.connections() === 1);
    const before = Date.now() * 1000;
    const feed = simulator.publishAt({ world, eventsPerSecond: 2_000 });
    await until(() => reader.texts.length > 400);
    feed.setRate(0);
    const took = Date.now() * 1000 - before;
    await until(() => reader.texts.length === feed.published());
    expect(feed.published()).toBeLessThan((took / 1_000_000) * 2_000 + 200);
    const times = reader.texts.map((text) => (JSON.parse(text) as { time_us: number }).time_us);
    expect(times[0]).toBeGreaterThan(before - 1_000_000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});
