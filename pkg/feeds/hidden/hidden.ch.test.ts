import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createHidden, type HiddenTail } from './hidden.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];
const soon = { timeout: 20_000 };
const hourMs = 3_600_000;
const tid = 4_000_000_000_000_000_000n;

let throwaway: ThrowawayClickHouse;
let isAway = false;
let reads = 0;
const banned = new Set<string>();
let bans = 0;
/** The store's own clock dates the marks, so ours is real, and can be ahead. */
let aheadMs = 0;
const clock: Clock = { nowMs: () => Date.now() + aheadMs, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) };
let nextActor = 1_000n;
/** An account that no other test has. */
const newActor = (): bigint => (nextActor += 1n);

const uriOf = (actorId: bigint): string => `at://did:plc:${actorId}/app.bsky.feed.post/abc`;
const postOf = (actorId: bigint, key = tid) => ({ actorId, tid: key, uri: uriOf(actorId) });

const insert = (sql: string, params: Record<string, unknown>): Promise<void> => throwaway.store.command(sql, params);
const writePost = (actorId: bigint, version: number, deleted: 0 | 1, key = tid): Promise<void> =>
  insert(
    `INSERT INTO posts (tid, actor_id, version, deleted, sort_at, seen_at)
     SELECT {key:UInt64}, {actorId:UInt64}, {version:Int64}, {deleted:UInt8}, now64(3), now64(6)`,
    { key, actorId, version, deleted },
  );
const writeState = (actorId: bigint, version: number, active: boolean): Promise<void> =>
  insert(`INSERT INTO inactive_states SELECT {actorId:UInt64}, {version:UInt64}, 'deactivated', {back:UInt8}`, {
    actorId,
    version: 2 * version + Number(active),
    back: Number(active),
  });
const markAt = (atMs: number, actorId: bigint): Promise<void> =>
  insert(
    "INSERT INTO gone SELECT fromUnixTimestamp64Milli({atMs:Int64}, 'UTC'), {actorId:UInt64}, {tid:UInt64}, 1, 1",
    { atMs, actorId, tid },
  );

const endings: (() => Promise<void>)[] = [];
const open = (options: { horizonMs?: number; maxPosts?: number } = {}): HiddenTail => {
  const store = {
    query: (...args: Parameters<ClickHouse['query']>) => {
      reads += 1;
      return isAway ? Promise.reject(new Error('away')) : throwaway.store.query(...args);
    },
  } as ClickHouse;
  const rules = { isBanned: (what: string) => banned.has(what), epoch: () => bans };
  const hidden = createHidden({
    ...options,
    store,
    rules,
    blockedLabels: new Set(['!hide']),
    clock,
    log,
    horizonMs: () => options.horizonMs ?? hourMs,
  });
  const stop = new AbortController();
  const running = hidden.services.map((service) =>
    service.run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    }),
  );
  endings.push(async () => {
    stop.abort();
    await Promise.all(running);
  });
  return hidden;
};
/** Resolves when the end of the table has been read once more from its beginning. */
const readAgain = async (): Promise<void> => {
  const until = reads + 3;
  await vi.waitFor(() => expect(reads).toBeGreaterThan(until), soon);
};

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
});
beforeEach(() => {
  isAway = false;
  aheadMs = 0;
});
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});
afterAll(() => throwaway[Symbol.asyncDispose]());

describe('a deleted post', () => {
  test('is hidden in rankings that were made before, with nothing else of its author', async () => {
    const hidden = open();
    const actor = newActor();
    await writePost(actor, 1, 0);
    await readAgain();
    const rankedAtMs = Date.now();
    expect(hidden.why(postOf(actor), rankedAtMs)).toBeUndefined();
    const epoch = hidden.epoch();
    await writePost(actor, 2, 1);
    await vi.waitFor(() => expect(hidden.why(postOf(actor), rankedAtMs)).toBe('deleted'), soon);
    expect(hidden.epoch()).toBeGreaterThan(epoch);
    expect(hidden.why(postOf(actor, tid + 1n), rankedAtMs)).toBeUndefined();
    expect(hidden.why(postOf(newActor()), rankedAtMs)).toBeUndefined();
    // One made long after the mark has seen for itself whether the post is there.
    expect(hidden.why(postOf(actor), rankedAtMs + hourMs)).toBeUndefined();
  });

  test('changes nothing when it is read again', async () => {
    const hidden = open();
    const actor = newActor();
    await writePost(actor, 2, 1);
    await vi.waitFor(() => expect(hidden.why(postOf(actor), Date.now())).toBe('deleted'), soon);
    await readAgain();
    const epoch = hidden.epoch();
    await readAgain();
    expect(hidden.epoch()).toBe(epoch);
  });

  test('is known after a start, whenever it went in the last day', async () => {
    const [early, late, tooEarly] = [newActor(), newActor(), newActor()];
    const nowMs = Date.now();
    await markAt(nowMs - 23 * hourMs, early);
    await markAt(nowMs - hourMs, late);
    await markAt(nowMs - 25 * hourMs, tooEarly);
    const hidden = open();
    await vi.waitFor(() => expect(hidden.readAtMs()).toBeDefined(), soon);
    for (const actor of [early, late]) expect(hidden.why(postOf(actor), nowMs - 24 * hourMs)).toBe('deleted');
    expect(hidden.why(postOf(late), nowMs)).toBeUndefined();
    expect(hidden.why(postOf(tooEarly), nowMs - 26 * hourMs)).toBeUndefined();
  });

  test('that becomes visible late is noticed', async () => {
    const hidden = open();
    const [first, late] = [newActor(), newActor()];
    const nowMs = Date.now();
    await markAt(nowMs, first);
    await vi.waitFor(() => expect(hidden.why(postOf(first), nowMs)).toBe('deleted'), soon);
    await markAt(nowMs - 5_000, late);
    await vi.waitFor(() => expect(hidden.why(postOf(late), nowMs)).toBe('deleted'), soon);
  });

  test('is forgotten when no ranking is as old, or when there are too many', async () => {
    const actor = newActor();
    const rankedAtMs = Date.now();
    const hidden = open({ horizonMs: 1_000 });
    const small = open({ maxPosts: 1 });
    await writePost(actor, 2, 1);
    await vi.waitFor(() => expect(hidden.why(postOf(actor), rankedAtMs)).toBe('deleted'), soon);
    await vi.waitFor(() => expect(small.why(postOf(actor), rankedAtMs)).toBe('deleted'), soon);
    await writePost(newActor(), 2, 1);
    await vi.waitFor(() => expect(small.why(postOf(actor), rankedAtMs)).toBeUndefined(), soon);
    expect(hidden.why(postOf(actor), rankedAtMs)).toBe('deleted');
    aheadMs = 200_000;
    await vi.waitFor(() => expect(hidden.why(postOf(actor), rankedAtMs)).toBeUndefined(), soon);
  });

  test('whose key is 0 does not take its author along', async () => {
    const hidden = open();
    const actor = newActor();
    await writePost(actor, 2, 1, 0n);
    await vi.waitFor(() => expect(hidden.why(postOf(actor, 0n), Date.now())).toBe('deleted'), soon);
    expect(hidden.why(postOf(actor), Date.now())).toBeUndefined();
  });
});

describe('an account', () => {
  test('that goes is hidden, whenever the ranking was made; one that comes back is shown', async () => {
    const hidden = open();
    const actor = newActor();
    const laterMs = Date.now() + hourMs;
    await writeState(actor, 5, false);
    await vi.waitFor(() => expect(hidden.why(postOf(actor), laterMs)).toBe('inactive_author'), soon);
    const epoch = hidden.epoch();
    await writeState(actor, 6, true);
    await vi.waitFor(() => expect(hidden.why(postOf(actor), laterMs)).toBeUndefined(), soon);
    expect(hidden.epoch()).toBeGreaterThan(epoch);
    await writeState(actor, 7, false);
    await vi.waitFor(() => expect(hidden.why(postOf(actor), laterMs)).toBe('inactive_author'), soon);
  });

  test('is where its newest state is, in whatever order states arrive', async () => {
    const hidden = open();
    const [back, gone] = [newActor(), newActor()];
    await writeState(back, 9, true);
    await writeState(gone, 9, false);
    await readAgain();
    await writeState(back, 8, false);
    await writeState(gone, 8, true);
    await readAgain();
    expect(hidden.why(postOf(back), Date.now())).toBeUndefined();
    expect(hidden.why(postOf(gone), Date.now())).toBe('inactive_author');
  });

  test('that is back stays so when an old state is replayed to one who has forgotten', async () => {
    const actor = newActor();
    await writeState(actor, 5, false);
    await writeState(actor, 6, true);
    await insert('ALTER TABLE gone DELETE WHERE actor_id = {actor:UInt64} SETTINGS mutations_sync = 2', { actor });
    const hidden = open();
    await writeState(actor, 5, false);
    await readAgain();
    expect(hidden.why(postOf(actor), Date.now())).toBeUndefined();
  });
});

describe('what is banned', () => {
  test('is hidden without waiting, and what carries a blocked label', () => {
    const hidden = open();
    const [author, post, other] = [newActor(), newActor(), newActor()];
    const epoch = hidden.epoch();
    banned.add(`did:plc:${author}`).add(uriOf(post));
    bans += 1;
    expect(hidden.why(postOf(author), Date.now())).toBe('banned_author');
    expect(hidden.why(postOf(post), Date.now())).toBe('banned_post');
    expect(hidden.epoch()).toBeGreaterThan(epoch);
    expect(hidden.why({ ...postOf(other), labels: ['other'] }, Date.now())).toBeUndefined();
    expect(hidden.why({ ...postOf(other), labels: ['other', '!hide'] }, Date.now())).toBe('blocked_label');
    banned.clear();
  });
});

describe('a store that is away', () => {
  test('takes nothing back, and is caught up with afterwards', async () => {
    const hidden = open();
    const [before, meanwhile] = [newActor(), newActor()];
    const rankedAtMs = Date.now();
    await writePost(before, 2, 1);
    await vi.waitFor(() => expect(hidden.why(postOf(before), rankedAtMs)).toBe('deleted'), soon);
    isAway = true;
    await writePost(meanwhile, 2, 1);
    await readAgain();
    expect(hidden.why(postOf(before), rankedAtMs)).toBe('deleted');
    expect(hidden.why(postOf(meanwhile), rankedAtMs)).toBeUndefined();
    isAway = false;
    await vi.waitFor(() => expect(hidden.why(postOf(meanwhile), rankedAtMs)).toBe('deleted'), soon);
  });
});
