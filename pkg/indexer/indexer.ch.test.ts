import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { FrameLog } from '#testing/simulator/frame-log.ts';
import { type Simulator, startSimulator } from '#testing/simulator/server.ts';
import { Indexer } from './indexer.ts';
import { jetstreamSource } from './source/jetstream.ts';
import { cursorKey } from './store/cursor.ts';

const log = createLogger({ level: 'silent' });
let database: ThrowawayClickHouse;
const simulators: Simulator[] = [];

beforeAll(async () => {
  database = await openThrowaway({ url: process.env['CLICKHOUSE_URL'], log });
});
afterAll(() => database[Symbol.asyncDispose]());
afterEach(async () => {
  for (const simulator of simulators.splice(0)) await simulator.close();
  for (const table of ['gaps', 'ingest_log', 'posts', 'dead_letters'])
    await database.store.command(`TRUNCATE TABLE ${table}`);
});

const minuteUs = 60_000_000;
const rkeyAlphabet = '234567abcdefghijklmnopqrstuvwxyz';
const rkey = (number: number): string =>
  `3mmoo${rkeyAlphabet[(number >> 10) & 31]}${rkeyAlphabet[(number >> 5) & 31]}${rkeyAlphabet[number & 31]}vgo2g`;

const post = (number: number, timeUs: number, text = `post ${number}`) => ({
  timeUs,
  kind: 'ok' as const,
  text: JSON.stringify({
    did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
    time_us: timeUs,
    kind: 'commit',
    commit: {
      rev: rkey(number),
      operation: 'create',
      collection: 'app.bsky.feed.post',
      rkey: rkey(number),
      record: { $type: 'app.bsky.feed.post', text, createdAt: new Date(timeUs / 1000).toISOString() },
      cid: 'x',
    },
  }),
});

const host = async (frames: FrameLog, lookBackMs = 3_600_000, timeOffsetUs = 0): Promise<Simulator> => {
  const simulator = await startSimulator({ log: frames, lookBackMs, timeOffsetUs });
  simulators.push(simulator);
  return simulator;
};

const memory = () => {
  const values = new Map<string, string>();
  return {
    values,
    get: (key: string) => Promise.resolve(values.get(key) ?? null),
    set: (key: string, value: string) => Promise.resolve(values.set(key, value)),
  };
};

/** Runs an indexer until `enough` posts are durable, then stops it. */
const runUntil = async (
  simulator: Simulator,
  redis: ReturnType<typeof memory>,
  enough: number,
  fromUs?: number,
): Promise<Indexer> => {
  const indexer = new Indexer({
    store: database.store,
    redis,
    source: jetstreamSource({ urls: [simulator.url], silenceMs: 60_000, clock: systemClock, log }),
    limits: { maxEvents: 100, maxBytes: 1_000_000, maxAgeMs: 20 },
    lookBackMs: 3_600_000,
    firstRunFromUs: fromUs,
    clock: systemClock,
    log,
  });
  const stop = new AbortController();
  const running = indexer.run(stop.signal);
  const giveUpMs = Date.now() + 20_000;
  while ((indexer.progress.operations.get('post/create') ?? 0) < enough && Date.now() < giveUpMs) {
    await Promise.race([systemClock.sleep(10), running]);
  }
  stop.abort();
  await running;
  return indexer;
};

const read = async (sql: string): Promise<string> => (await database.store.read(sql, 'TSV')).trim();
const gaps = () => read('SELECT from_us, to_us, reason FROM gaps FINAL ORDER BY from_us');

describe('gaps', () => {
  it('records none over stops, restarts and reconnects with a host that has everything', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    frames.append(Array.from({ length: 50 }, (_, at) => post(at, nowUs - 10 * minuteUs + at * 1000)));
    const simulator = await host(frames);
    const redis = memory();
    await runUntil(simulator, redis, 50, nowUs - 11 * minuteUs);
    frames.append(Array.from({ length: 50 }, (_, at) => post(50 + at, nowUs - 5 * minuteUs + at * 1000)));
    await runUntil(simulator, redis, 51);
    expect(await read('SELECT count() FROM posts FINAL')).toBe('100');
    expect(await gaps()).toBe('');
  });

  it('records what a host no longer keeps, with its bounds, its reason and an estimate', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    const oldUs = nowUs - 120 * minuteUs;
    frames.append(Array.from({ length: 60 }, (_, at) => post(at, oldUs + at * 1_000_000)));
    const redis = memory();
    await runUntil(await host(frames, 24 * 3_600_000), redis, 60, oldUs);
    frames.append(Array.from({ length: 10 }, (_, at) => post(100 + at, nowUs - 30 * minuteUs + at * 1000)));
    frames.trimBefore(nowUs - 60 * minuteUs);
    await runUntil(await host(frames, 3_600_000, 1), redis, 10);
    const lastUs = oldUs + 59_000_000;
    expect(await gaps()).toBe(`${lastUs}\t${nowUs - 30 * minuteUs + 1}\tlook_back`);
    // One post a second before the gap of 89 minutes.
    const estimate = Number(await read('SELECT estimated_events FROM gaps FINAL'));
    expect(estimate).toBeGreaterThan(80 * 60);
    expect(estimate).toBeLessThan(100 * 60);
  });

  it('records what a host silently skipped although it should have had it', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    frames.append([post(1, nowUs - 20 * minuteUs)]);
    const redis = memory();
    const simulator = await host(frames);
    await runUntil(simulator, redis, 1, nowUs - 21 * minuteUs);
    frames.append([post(2, nowUs - minuteUs)]);
    frames.trimBefore(nowUs - 2 * minuteUs);
    await runUntil(simulator, redis, 1);
    expect(await gaps()).toBe(`${nowUs - 20 * minuteUs}\t${nowUs - minuteUs}\tmissing`);
  });

  it('takes another host’s slightly different clock for no gap', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    frames.append([post(1, nowUs - minuteUs)]);
    const redis = memory();
    await runUntil(await host(frames), redis, 1, nowUs - 2 * minuteUs);
    await runUntil(await host(frames, 3_600_000, 5_000), redis, 1);
    expect(await gaps()).toBe('');
  });
});

describe('the cursor', () => {
  it('survives a wiped Redis, because the ingest log holds it beside the data', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    frames.append([post(1, nowUs - 10 * minuteUs)]);
    const simulator = await host(frames);
    await runUntil(simulator, memory(), 1, nowUs - 11 * minuteUs);
    frames.append([post(2, nowUs - 5 * minuteUs)]);
    await runUntil(simulator, memory(), 2);
    expect(await read('SELECT count() FROM posts FINAL')).toBe('2');
    expect(await gaps()).toBe('');
  });

  it('never leads a database restored from a backup', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    frames.append([post(1, nowUs - 10 * minuteUs), post(2, nowUs - 5 * minuteUs)]);
    const simulator = await host(frames);
    const redis = memory();
    await runUntil(simulator, redis, 2, nowUs - 11 * minuteUs);
    await database.store.command('TRUNCATE TABLE posts');
    await database.store.command(
      `ALTER TABLE ingest_log UPDATE cursor_us = ${nowUs - 11 * minuteUs} WHERE 1 SETTINGS mutations_sync = 2`,
    );
    await runUntil(simulator, redis, 2);
    expect(await read('SELECT count() FROM posts FINAL')).toBe('2');
  });

  it('is not believed when it lies in the future, nor when it is no cursor at all', async () => {
    const nowUs = Date.now() * 1000;
    const frames = new FrameLog();
    frames.append([post(1, nowUs - minuteUs)]);
    const simulator = await host(frames);
    const redis = memory();
    await runUntil(simulator, redis, 1, nowUs - 2 * minuteUs);
    redis.values.set(cursorKey, '{"timeUs":"soon"}');
    await runUntil(simulator, redis, 1);
    await database.store.command(
      `ALTER TABLE ingest_log UPDATE cursor_us = ${nowUs + 60 * minuteUs} WHERE 1 SETTINGS mutations_sync = 2`,
    );
    redis.values.clear();
    await runUntil(simulator, redis, 1);
    expect(await read('SELECT reason FROM gaps FINAL')).toBe('cursor_unreadable');
  });
});

describe('rows the store refuses', () => {
  it('are found among the good ones and kept as dead letters; the others go in', async () => {
    await database.store.command("ALTER TABLE posts ADD CONSTRAINT no_poison CHECK text NOT LIKE 'poison%'");
    try {
      const nowUs = Date.now() * 1000;
      const frames = new FrameLog();
      frames.append(
        Array.from({ length: 90 }, (_, at) =>
          post(at, nowUs - minuteUs + at, at === 17 || at === 60 ? `poison ${at}` : 'good'),
        ),
      );
      const indexer = await runUntil(await host(frames), memory(), 90, nowUs - 2 * minuteUs);
      expect(await read('SELECT count() FROM posts FINAL')).toBe('88');
      expect(indexer.progress.dead).toBe(2);
      expect(await read('SELECT count(), uniq(payload), any(stage), any(table_name) FROM dead_letters')).toBe(
        '2\t2\tinsert\tposts',
      );
    } finally {
      await database.store.command('ALTER TABLE posts DROP CONSTRAINT no_poison');
    }
  });
});

describe('a kill between edges and the tables derived from them', () => {
  it('leaves nothing behind: the repeated batch writes the tombstone once more', async () => {
    const nowUs = Date.now() * 1000;
    const like = (operation: 'create' | 'delete', rev: string, timeUs: number) => {
      const record = {
        subject: { uri: 'at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3mmoojp7vgo2g', cid: 'x' },
      };
      const commit = { rev, operation, collection: 'app.bsky.feed.like', rkey: '3mmoojp7vgo2g' };
      const text = JSON.stringify({
        did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
        time_us: timeUs,
        kind: 'commit',
        commit: operation === 'create' ? { ...commit, record, cid: 'x' } : commit,
      });
      return { text, timeUs, kind: 'ok' as const };
    };
    const frames = new FrameLog();
    frames.append([
      like('create', '3mmoojp7vgp2g', nowUs - minuteUs),
      like('delete', '3mmoojp7vgq2g', nowUs - minuteUs + 1),
      post(1, nowUs - minuteUs + 2),
    ]);
    const simulator = await host(frames);
    await runUntil(simulator, memory(), 1, nowUs - 2 * minuteUs);
    expect(await read("SELECT count() FROM engagement FINAL WHERE kind != 'post'")).toBe('0');
    await database.store.command('ALTER TABLE engagement DELETE WHERE deleted = 1 SETTINGS mutations_sync = 2');
    await database.store.command('TRUNCATE TABLE ingest_log');
    await runUntil(simulator, memory(), 1, nowUs - 2 * minuteUs);
    expect(await read("SELECT count() FROM engagement FINAL WHERE kind != 'post'")).toBe('0');
  });
});
