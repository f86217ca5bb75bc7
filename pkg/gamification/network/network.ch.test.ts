import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tidAt } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys, type Keys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createNetwork, type Network } from './network.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const DAY = 86_400_000;
const url = process.env['CLICKHOUSE_URL'] || undefined;
const did = (name: string): string => `did:plc:${name.padEnd(24, '2')}`;

let throwaway: ThrowawayClickHouse;
let keys: Keys;
let network: Network;
let records = 0;

const addActors = async (...names: string[]): Promise<void> => {
  for (const name of names) {
    await throwaway.store.command('INSERT INTO actors (actor_id, did) SELECT {id:UInt64}, {did:String}', {
      id: keys.actorId(did(name)),
      did: did(name),
    });
  }
};

/** A version of a follow; its key unless said otherwise is a new one, later than those before. */
const follow = async (
  actor: string,
  subject: string,
  { key = tidAt((nowMs + (records += 1)) * 1000), version = 1, deleted = 0 } = {},
): Promise<bigint> => {
  await throwaway.store.command(
    `INSERT INTO edges (tid, actor_id, kind, subject_id, subject_tid, version, deleted)
     SELECT {tid:UInt64}, {actor:UInt64}, 'follow', {subject:UInt64}, 0, {version:Int64}, {deleted:UInt8}`,
    { tid: key, actor: keys.actorId(did(actor)), subject: keys.actorId(did(subject)), version, deleted },
  );
  return key;
};

const post = async (
  author: string,
  agoMs: number,
  { key = tidAt((nowMs - agoMs) * 1000), version = 1, deleted = 0 } = {},
): Promise<bigint> => {
  await throwaway.store.command(
    `INSERT INTO posts (tid, actor_id, version, deleted, sort_at, seen_at)
     SELECT {tid:UInt64}, {actor:UInt64}, {version:Int64}, {deleted:UInt8}, fromUnixTimestamp64Milli({at:Int64}), now64(6)`,
    { tid: key, actor: keys.actorId(did(author)), version, deleted, at: nowMs - agoMs },
  );
  return key;
};

const setState = (name: string, version: number, active: boolean): Promise<void> =>
  throwaway.store.command(
    `INSERT INTO inactive_states SELECT {id:UInt64}, {version:UInt64}, 'takendown', {active:UInt8}`,
    {
      id: keys.actorId(did(name)),
      version: 2 * version + Number(active),
      active: Number(active),
    },
  );

const figuresOf = async (...names: string[]) => {
  const found = await network.figures(names.map(did));
  return names.map((name) => {
    const { networkSize, trackedUsers } = found.get(did(name)) ?? {};
    return [networkSize, trackedUsers];
  });
};

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log: createLogger({ level: 'silent' }) });
  keys = createKeys(await loadSalt(throwaway.store));
  network = createNetwork({ store: throwaway.store, clock: new ManualClock(nowMs) });
  await addActors('ann', 'bea', 'cat', 'dan', 'eve', 'gone', 'back');
  await setState('gone', 5, false);
  await setState('gone', 4, true);
  await setState('back', 5, false);
  await setState('back', 6, true);
});
afterAll(() => throwaway[Symbol.asyncDispose]());

describe('the size of a network', () => {
  test('is of those who follow and are followed, each once, live and active', async () => {
    await follow('ann', 'bea');
    await follow('bea', 'ann');
    await follow('ann', 'cat');
    await follow('ann', 'cat');
    await follow('dan', 'ann');
    await follow('ann', 'ann');
    await follow('ann', 'gone');
    await follow('gone', 'ann');
    await follow('back', 'ann');
    const undone = await follow('ann', 'eve');
    await follow('ann', 'eve', { key: undone, version: 2, deleted: 1 });
    await follow('ann', 'eve', { key: undone, version: 1 });
    // bea, cat, dan, back; of cat's two follows one is enough.
    expect(await figuresOf('ann', 'bea', 'cat', 'dan', 'nobody')).toEqual([
      [4, 0],
      [1, 0],
      [1, 0],
      [1, 0],
      [0, 0],
    ]);
  });
});

describe('the tracked', () => {
  test('are those followed, not followers, with a live post of the last 30 days', async () => {
    await follow('eve', 'bea');
    await follow('eve', 'cat');
    await follow('eve', 'dan');
    await follow('eve', 'gone');
    await follow('eve', 'late');
    await follow('eve', 'odd');
    await follow('ann', 'eve');
    await post('bea', 30 * DAY);
    await post('bea', DAY);
    await post('cat', 30 * DAY + 1000);
    const deleted = await post('dan', DAY);
    await post('dan', DAY, { key: deleted, version: 2, deleted: 1 });
    await post('gone', DAY);
    await post('ann', DAY);
    // Its key says now, its time says long ago: the earliest time holds.
    await post('late', 40 * DAY, { key: tidAt(nowMs * 1000) });
    await post('odd', DAY, { key: keys.recordKey('app.bsky.feed.post', 'self').key });
    expect(await figuresOf('eve')).toEqual([[6, 2]]);
    expect(await figuresOf('ann')).toEqual([[5, 1]]);
  });

  test('are counted for many at once as for each alone, whatever else is asked with them', async () => {
    const many = Array.from({ length: 60 }, (_, at) => `none${at}`);
    const all = await figuresOf(...many.slice(0, 30), 'eve', ...many.slice(30), 'ann');
    expect([all[30], all.at(-1)]).toEqual([
      [6, 2],
      [5, 1],
    ]);
    expect(all.filter(([size]) => size === 0)).toHaveLength(60);
    await expect(network.figures(Array.from({ length: 501 }, (_, at) => did(`x${at}`)))).rejects.toThrow(RangeError);
    expect(await network.figures([])).toEqual(new Map());
  });
});

test('one who has too many follows has no figures, and the others of the same statement have theirs', async () => {
  const big = keys.actorId(did('ann'));
  const { store } = throwaway;
  const query: ClickHouse['query'] = async (asked, params, options) => {
    const { ids } = params as { ids?: bigint[] };
    if (ids?.includes(big) === true) throw Object.assign(new Error('too slow'), { code: '159' });
    return store.query(asked, params, options);
  };
  const strained = createNetwork({ store: { ...store, query }, clock: new ManualClock(nowMs) });
  const found = await strained.figures([did('bea'), did('ann'), did('eve')]);
  expect([...found.keys()]).toEqual([did('bea'), did('eve')]);
  expect(found.get(did('eve'))).toEqual({ networkSize: 6, trackedUsers: 2 });
});

test('those whom an account follows are named, the newest follow first, without whoever is gone or itself', async () => {
  expect(await network.following(did('ann'))).toEqual(['eve', 'cat', 'bea'].map(did));
  expect(await network.following(did('ann'), 2)).toEqual(['eve', 'cat'].map(did));
  expect(await network.following(did('nobody'))).toEqual([]);
});

test('the inactive are those whose newest state says so', async () => {
  expect(await network.inactive(['ann', 'gone', 'back', 'nobody'].map(did))).toEqual(new Set([did('gone')]));
  expect(await network.inactive([])).toEqual(new Set());
});

test('who does not want to wait stops it', async () => {
  const signal = AbortSignal.abort();
  await expect(network.figures([did('ann')], signal)).rejects.toThrow();
});
