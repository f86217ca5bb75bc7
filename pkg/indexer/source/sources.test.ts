import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { FrameLog } from '#testing/simulator/frame-log.ts';
import { type Simulator, startSimulator } from '#testing/simulator/server.ts';
import type { TransportFault } from '#testing/simulator/transport-faults.ts';
import { fileSource } from './file.ts';
import { jetstreamSource, type LinkState } from './jetstream.ts';
import { BadFrame, type EventSource, type SourceChunk } from './types.ts';

const log = createLogger({ level: 'silent' });
const open: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const startUs = (Date.now() - 60_000) * 1000;

const frame = (number: number, collection = 'app.bsky.feed.like'): string =>
  JSON.stringify({
    did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
    time_us: startUs + number,
    kind: 'commit',
    commit: {
      rev: '3mmoojp7vgo2g',
      operation: 'create',
      collection,
      rkey: '3mmoojp7vgo2g',
      record: { number },
      cid: 'x',
    },
  });

/** Frames no library would pass on as events: each must come out all the same, to be counted. */
const odd = [
  '{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","time_us":1,"kind":"commit","commit":{',
  '{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","time_us":1,"kind":"tea"}',
  '{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","time_us":1,"kind":"commit","commit":{"rev":"x"}}',
  '{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","time_us":1,"kind":"account"}',
  'null',
  '42',
  '[]',
];

const host = async (texts: readonly string[], faults: TransportFault[] = []): Promise<Simulator> => {
  const frames = new FrameLog();
  frames.append(texts.map((text, at) => ({ text, timeUs: startUs + at, kind: 'ok' })));
  const simulator = await startSimulator({ log: frames, faults, lookBackMs: 3_600_000 });
  open.push(() => simulator.close());
  return simulator;
};

const live = (urls: readonly string[], silenceMs = 60_000, onState?: (state: LinkState) => void): EventSource =>
  jetstreamSource({ urls, silenceMs, clock: systemClock, log, ...(onState === undefined ? {} : { onState }) });

/** A host that filters nothing and keeps no rules: it sends what it is given. */
const bareHost = async (texts: readonly string[]): Promise<string> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => texts.forEach((text) => socket.send(text)));
  await once(server, 'listening');
  open.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/subscribe`;
};

const file = (name: string, bytes: string | Buffer): EventSource => {
  const folder = mkdtempSync(join(tmpdir(), 'skyflow-source-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), bytes);
  return fileSource(join(folder, name));
};

/** Every way events come in, by the frames it is given. */
const sources: [string, (texts: readonly string[]) => Promise<EventSource> | EventSource][] = [
  ['live', async (texts) => live([await bareHost(texts)])],
  ['simulator', async (texts) => live([(await host(texts)).url])],
  ['plain file', (texts) => file('a.jsonl', texts.join('\n'))],
  ['.gz file', (texts) => file('a.jsonl.gz', gzipSync(texts.join('\n')))],
  ['.zst file', (texts) => file('a.jsonl.zst', zstdCompressSync(Buffer.from(texts.join('\n'))))],
];

const readUntil = async (source: EventSource, enough: (items: unknown[]) => boolean): Promise<SourceChunk[]> => {
  const stop = new AbortController();
  const chunks: SourceChunk[] = [];
  const items: unknown[] = [];
  for await (const chunk of source.chunks(startUs, stop.signal)) {
    chunks.push(chunk);
    items.push(...chunk.items);
    if (enough(items)) stop.abort();
  }
  return chunks;
};

const numbers = (items: readonly unknown[]): number[] =>
  items.map((item) => (item as { commit: { record: { number: number } } }).commit.record.number);

describe.each(sources)('%s', (_name, make) => {
  it('hands on every frame in order, and ends when told to', async () => {
    const source = await make(Array.from({ length: 3_500 }, (_, at) => frame(at)));
    const chunks = await readUntil(source, (items) => items.length >= 3_500);
    const found = numbers(chunks.flatMap((chunk) => chunk.items));
    expect(found).toEqual(Array.from({ length: 3_500 }, (_, at) => at));
    expect(new Set(chunks.map((chunk) => chunk.connection))).toEqual(new Set([1]));
  });

  it('hands on what is no event as well, so that it can be counted', async () => {
    const source = await make([frame(0), ...odd, frame(1)]);
    const chunks = await readUntil(source, (items) => items.length >= odd.length + 2);
    const items = chunks.flatMap((chunk) => chunk.items);
    expect(items).toHaveLength(odd.length + 2);
    expect(items.filter((item) => item instanceof BadFrame).map((item) => item.reason)).toEqual(['not_json']);
  });

  it('does not read ahead of a reader that stopped asking', async () => {
    const wide = 'x'.repeat(20_000);
    const source = await make(Array.from({ length: 4_000 }, (_, at) => `${frame(at).slice(0, -1)},"wide":"${wide}"}`));
    const stop = new AbortController();
    const reader = source.chunks(startUs, stop.signal)[Symbol.asyncIterator]();
    const first = await reader.next();
    await systemClock.sleep(300);
    // 80 MB wait upstream by now. What was read ahead comes in one piece: no more than the queue's bound.
    const second = await reader.next();
    expect((second.value as SourceChunk).items.length * wide.length).toBeLessThan(24e6);
    let count = (first.value as SourceChunk).items.length + (second.value as SourceChunk).items.length;
    while (count < 4_000) count += ((await reader.next()).value as SourceChunk).items.length;
    expect(count).toBe(4_000);
    stop.abort();
    await reader.return?.();
  });
});

describe('live', () => {
  const texts = Array.from({ length: 2_000 }, (_, at) => frame(at));
  const all = (items: unknown[]) => new Set(numbers(items)).size === texts.length;

  it.each<[string, TransportFault[]]>([
    ['closes politely', [{ kind: 'close', connection: 1, afterFrames: 500 }]],
    [
      'drops the socket',
      [
        { kind: 'drop', connection: 1, afterFrames: 700 },
        { kind: 'drop', connection: 2, afterFrames: 900 },
      ],
    ],
    ['stalls', [{ kind: 'stall', connection: 1, afterFrames: 300 }]],
    ['stalls without answering pings', [{ kind: 'stall', pings: false, connection: 1, afterFrames: 300 }]],
    ['accepts and never sends', [{ kind: 'silent', connection: 1 }]],
    ['refuses at first', [{ kind: 'refuse', connection: 1 }]],
    ['repeats', [{ kind: 'duplicate', afterFrames: 100, everyFrames: 100, frames: 20 }]],
    ['sends a binary message', [{ kind: 'binary', connection: 1, afterFrames: 50 }]],
    ['sends what is not UTF-8', [{ kind: 'invalid-utf8', connection: 1, afterFrames: 50 }]],
  ])('misses nothing when the host %s', async (_what, faults) => {
    const simulator = await host(texts, faults);
    const chunks = await readUntil(live([simulator.url], 400), (items) =>
      all(items.filter((item) => !(item instanceof BadFrame))),
    );
    const found = numbers(chunks.flatMap((chunk) => chunk.items).filter((item) => !(item instanceof BadFrame)));
    expect(new Set(found).size).toBe(texts.length);
  });

  it('is not fooled by collections named like events of a socket', async () => {
    const names = ['close', 'error', 'open', 'commit', 'account', 'identity', '__proto__', 'constructor'];
    const source = live([await bareHost(names.map((name, at) => frame(at, name)))]);
    const chunks = await readUntil(source, (items) => items.length >= names.length);
    expect(numbers(chunks.flatMap((chunk) => chunk.items))).toEqual(names.map((_, at) => at));
    expect(chunks.at(-1)?.connection).toBe(1);
  });

  it('goes on with the next host where one is away, and says where it is', async () => {
    const dead = await host(texts);
    const alive = await host(texts);
    const deadUrl = dead.url;
    await dead.close();
    const states: LinkState[] = [];
    const chunks = await readUntil(
      live([deadUrl, alive.url], 400, (state) => states.push(state)),
      all,
    );
    expect(chunks[0]?.origin).toBe(new URL(alive.url).host);
    expect(states[0]).toMatchObject({ connected: false, host: new URL(deadUrl).host });
    expect(states.at(-1)).toMatchObject({ connected: true, host: new URL(alive.url).host });
  });

  it('is connected as soon as the host takes the connection, though it has nothing to say yet', async () => {
    const url = await bareHost([]);
    const stop = new AbortController();
    const states: LinkState[] = [];
    const source = live([url], 60_000, (state) => {
      states.push(state);
      stop.abort();
    });
    for await (const chunk of source.chunks(startUs, stop.signal)) expect(chunk).toBeUndefined();
    expect(states).toMatchObject([{ connected: true, host: new URL(url).host, connections: 1, lastEnd: undefined }]);
  });

  it('resumes a little behind the newest event, and from the cursor it was given', async () => {
    const simulator = await host(texts, [{ kind: 'drop', connection: 1, afterFrames: 1_500 }]);
    const stop = new AbortController();
    const firsts: number[] = [];
    let connection = 0;
    for await (const chunk of live([simulator.url]).chunks(startUs + 1_000, stop.signal)) {
      if (chunk.connection !== connection) firsts.push(numbers(chunk.items)[0] as number);
      connection = chunk.connection;
      if (numbers(chunk.items).includes(1_999)) stop.abort();
    }
    expect(firsts[0]).toBe(1_000);
  });
});

describe('file', () => {
  it('says in one sentence that it cannot be read, or ends in damaged data', async () => {
    await expect(readUntil(fileSource('/nowhere/events.jsonl'), () => false)).rejects.toMatchObject({
      name: 'UserError',
    });
    const whole = gzipSync(Array.from({ length: 5_000 }, (_, at) => frame(at)).join('\n'));
    const cut = file('cut.jsonl.gz', whole.subarray(0, whole.length - 100));
    await expect(readUntil(cut, () => false)).rejects.toMatchObject({ name: 'UserError' });
  });
});
