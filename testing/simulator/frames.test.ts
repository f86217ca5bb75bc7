import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type FrameTemplate, premakeFrames, textFrameHeader } from './frames.ts';
import { serveRaw } from './raw-server.ts';
import { FrameTape } from './tape.ts';
import { createWorld } from './world.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const settings = { seed: 11, count: 4_000, accounts: 300, eventsPerSecond: 100, chunkBytes: 65_536 };
const template = premakeFrames(settings);

/** Reads the frames of a run of websocket bytes with the rules of RFC 6455, independent of how they were written. */
const unframe = (bytes: Buffer): string[] => {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    expect(bytes[at]).toBe(0x81);
    const short = bytes[at + 1] ?? 0;
    const header = short === 127 ? 10 : short === 126 ? 4 : 2;
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
    texts.push(bytes.toString('utf8', at + header, at + header + length));
    at += header + length;
  }
  return texts;
};

const passOf = (tape: FrameTape, pass: number): string[] =>
  tape.template.chunks.flatMap((_, chunk) => {
    const target = Buffer.alloc(tape.maxChunkBytes);
    const length = tape.render(pass, chunk, target);
    return unframe(target.subarray(0, length));
  });

interface Parsed {
  did: string;
  time_us: number;
  commit?: {
    rev: string;
    operation: string;
    collection: string;
    rkey: string;
    record?: { createdAt?: string; subject?: { uri?: string } };
  };
}

const worldTexts = (of: FrameTemplate): string[] => {
  const world = createWorld({ ...settings, startUs: of.startUs, mix: { account: 0 } });
  return Array.from({ length: of.frames }, () => world.next().text);
};

describe('a tape', () => {
  const tape = new FrameTape(template, 20_000);

  test('begins with the frames of the world, byte for byte', () => {
    expect(passOf(tape, 0)).toEqual(worldTexts(template));
  });

  test('goes on with other frames of the same length, sound and in order of time', () => {
    const lengths = passOf(tape, 0).map((text) => Buffer.byteLength(text));
    let lastUs = 0;
    for (const pass of [0, 1, 2, 57]) {
      const texts = passOf(tape, pass);
      expect(texts.map((text) => Buffer.byteLength(text))).toEqual(lengths);
      for (const text of texts) {
        const { time_us: timeUs, did, commit } = JSON.parse(text) as Parsed;
        expect(timeUs).toBeGreaterThan(lastUs);
        lastUs = timeUs;
        expect(did).toMatch(/^did:(plc:[a-z2-7]{24}$|web:)/);
        const created = commit?.record?.createdAt;
        if (created === undefined || !created.endsWith('Z') || created.length !== 24) continue;
        const lateMs = timeUs / 1000 - Date.parse(created);
        expect(lateMs).toBeGreaterThan(100);
        expect(lateMs).toBeLessThan(3_100);
      }
    }
  });

  test('never repeats a record key in its first passes, and keeps revs rising in every repository', () => {
    const keys = new Set<string>();
    const revs = new Map<string, string>();
    let created = 0;
    for (let pass = 0; pass < 5; pass += 1) {
      for (const text of passOf(tape, pass)) {
        const { did, commit } = JSON.parse(text) as Parsed;
        if (commit === undefined) continue;
        expect(commit.rev >= (revs.get(did) ?? '')).toBe(true);
        revs.set(did, commit.rev);
        if (commit.operation !== 'create' || commit.rkey.length !== 13) continue;
        keys.add(`${did}/${commit.collection}/${commit.rkey}`);
        created += 1;
      }
    }
    expect(created).toBeGreaterThan(15_000);
    // The world itself creates a few keys twice: created, deleted, created again.
    expect(created - keys.size).toBeLessThan(created / 200);
  });

  test('likes point at posts of the same pass as often as in the first one', () => {
    const known = (pass: number): number => {
      const posts = new Set<string>();
      let hits = 0;
      for (const text of passOf(tape, pass)) {
        const { did, commit } = JSON.parse(text) as Parsed;
        if (commit?.collection === 'app.bsky.feed.post') posts.add(`at://${did}/${commit.collection}/${commit.rkey}`);
        if (commit?.collection === 'app.bsky.feed.like' && posts.has(commit.record?.subject?.uri ?? '')) hits += 1;
      }
      return hits;
    };
    expect(known(0)).toBeGreaterThan(1_500);
    expect(known(3)).toBe(known(0));
  });

  test('other accounts play the parts in the next pass', () => {
    const dids = [0, 1].map((pass) => passOf(tape, pass).map((text) => (JSON.parse(text) as Parsed).did));
    const same = dids[0]?.filter((did, index) => did === dids[1]?.[index] && did.startsWith('did:plc:'));
    expect(same).toEqual([]);
  });
});

test('headers have the three lengths of the protocol', () => {
  expect([...textFrameHeader(125)]).toEqual([0x81, 125]);
  expect([...textFrameHeader(126)]).toEqual([0x81, 126, 0, 126]);
  expect([...textFrameHeader(65_535)]).toEqual([0x81, 126, 255, 255]);
  expect([...textFrameHeader(65_536)]).toEqual([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
});

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 20_000, interval: 5 });

const read = (url: string) => {
  const ws = new WebSocket(url);
  const reader = { ws, texts: [] as string[], code: 0, pongs: [] as string[] };
  ws.on('message', (data: Buffer) => reader.texts.push(data.toString()));
  ws.on('pong', (data) => reader.pongs.push(data.toString()));
  ws.on('close', (code) => (reader.code = code));
  stops.push(() => ws.terminate());
  return reader;
};

describe('serving a tape', () => {
  const tape = new FrameTape(template, 10_500);
  const all = [...passOf(tape, 0), ...passOf(tape, 1), ...passOf(tape, 2)].slice(0, 10_500);

  test('a client gets exactly the tape, then silence; pings are answered and a close is returned', async () => {
    const server = await serveRaw({ tape, port: 0 });
    stops.push(() => server.close());
    const reader = read(server.url);
    await until(() => reader.texts.length === 10_500);
    expect(reader.texts).toEqual(all);
    expect(server.framesSent()).toBe(10_500);
    reader.ws.ping('still there?');
    await until(() => reader.pongs.length === 1);
    expect(reader.pongs).toEqual(['still there?']);
    expect(reader.texts).toHaveLength(10_500);
    reader.ws.close(1000);
    await until(() => reader.code === 1000);
  });

  test('a cursor resumes at its frame, inclusive, in any pass, and the end stays the same', async () => {
    const server = await serveRaw({ tape, port: 0, afterwards: 'close' });
    stops.push(() => server.close());
    for (const from of [0, 1, 3_999, 4_000, 7_654, 10_499]) {
      const cursor = (JSON.parse(all[from] ?? '') as Parsed).time_us;
      const reader = read(`${server.url}?cursor=${cursor}`);
      await until(() => reader.code === 1000);
      expect(reader.texts).toEqual(all.slice(from));
    }
    const reader = read(`${server.url}?cursor=9000000000000000`);
    await until(() => reader.code === 1000);
    expect(reader.texts).toEqual([]);
  });

  test('a client that pauses holds the server back', async () => {
    const long = new FrameTape(template, 4_000_000);
    const server = await serveRaw({ tape: long, port: 0 });
    stops.push(() => server.close());
    const reader = read(server.url);
    await until(() => reader.texts.length > 0);
    reader.ws.pause();
    let before = -1;
    await until(() => {
      const still = before === server.framesSent();
      before = server.framesSent();
      return still;
    });
    expect(before).toBeLessThan(400_000);
    reader.ws.resume();
    await until(() => server.framesSent() > before);
  });

  test('a process of its own prints its address and ends with its parent', async () => {
    const child = spawn(
      process.execPath,
      [
        new URL('raw-main.ts', import.meta.url).pathname,
        '--count',
        '3000',
        '--template',
        '1000',
        '--close',
        '--until-stdin-ends',
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    stops.push(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { url, count } = JSON.parse(line.toString()) as { url: string; count: number };
    const reader = read(url);
    await until(() => reader.code === 1000);
    expect(reader.texts).toHaveLength(count);
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});
