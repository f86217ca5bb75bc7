import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { rawDifferences } from '#testing/answers/raw.ts';
import { differences } from '#testing/answers/read.ts';
import { commit, didOf, event, nsid, uriOf } from '#testing/oracle/frames-for-tests.ts';
import { Oracle } from '#testing/oracle/oracle.ts';
import { FAULT_NAMES } from '#testing/simulator/fault-names.ts';
import type { Mix } from '#testing/simulator/world.ts';
import { createWorld } from '#testing/simulator/world.ts';
import { arrangements, type Lives, randomOf } from './arrangements.ts';
import { emptyTables, runFrames } from './run-frames.ts';

/** More of them, and other ones: `ORDER_SEEDS=50 ORDER_FROM=100 vitest run testing/crash/order.ch.test.ts`. */
const seedCount = Number(process.env['ORDER_SEEDS'] ?? 2);
const firstSeed = Number(process.env['ORDER_FROM'] ?? 1);
const seeds = Array.from({ length: seedCount }, (_, index) => firstSeed + index);

let throwaway: ThrowawayClickHouse;

beforeAll(async () => {
  const url = process.env['CLICKHOUSE_URL'];
  throwaway = await openThrowaway({ url, log: createLogger({ level: 'error' }) });
});
afterEach(() => emptyTables(throwaway.store));
afterAll(() => throwaway[Symbol.asyncDispose]());

/** Everything that is rare and difficult, often: revisions of revisions in a small circle. */
const troubled: Partial<Mix> = {
  remove: 20,
  editPost: 6,
  retargetLike: 6,
  account: 3,
  identity: 3,
  block: 4,
  listItem: 3,
  list: 2,
  generator: 1,
};

const textsOf = (seed: number, hostile: boolean): string[] => {
  const world = createWorld({
    seed,
    accounts: 8 + (seed % 20),
    startUs: 1_760_000_000_000_000,
    eventsPerSecond: 100,
    mix: seed % 4 === 0 ? {} : troubled,
    // Megabytes would only slow the many small cases: the fuzzer has them.
    ...(hostile ? { hostile: { probability: 0.4, faults: FAULT_NAMES.filter((name) => name !== 'huge-record') } } : {}),
  });
  return Array.from({ length: 400 }, () => world.next().text);
};

/** Runs every life, then asks both. */
const check = async (lives: Lives, chunkFrames: number): Promise<string> => {
  const oracle = new Oracle();
  for (const text of lives.flat()) oracle.apply(text);
  for (const life of lives) {
    const progress = await runFrames(throwaway.store, life, { chunkFrames });
    expect(progress.events).toBe(life.length);
    expect(progress.ok + progress.droppedTotal + progress.dead).toBe(life.length);
    expect(progress.dead).toBe(0);
  }
  return [await differences(throwaway.store, oracle), await rawDifferences(throwaway.store, lives.flat())].join('');
};

describe.each(seeds)('seed %i', (seed) => {
  test.each(Object.entries(arrangements))('%s', async (_name, arrange) => {
    const hostile = seed % 2 === 0;
    const random = randomOf(seed);
    const lives = arrange(textsOf(seed, hostile), random);
    expect(await check(lives, random.between(7, 150))).toBe('');
  });
});

/** A revision a microsecond after the last one: TIDs that differ in their clock's id alone are equal to the tables. */
const atUs = (rev: number): number => rev * 1024;

const like = (rev: number, to: string | null, operation?: string): string =>
  commit({
    name: 'ann',
    rev: atUs(rev),
    collection: nsid.like,
    rkey: '3laua22222222',
    ...(to === null ? {} : { record: { subject: { uri: uriOf('bob', nsid.post, to), cid: 'c' } } }),
    ...(operation === undefined ? {} : { operation }),
  });

const follow = (rev: number, whom: string | null, rkey = '3laua22222223'): string =>
  commit({
    name: 'ann',
    rev: atUs(rev),
    collection: nsid.follow,
    rkey,
    ...(whom === null ? {} : { record: { subject: didOf(whom) } }),
  });

const post = (rev: number, quote: string | null): string =>
  commit({
    name: 'ann',
    rev: atUs(rev),
    collection: nsid.post,
    rkey: '3laua22222222',
    record: {
      text: `version ${rev}`,
      ...(quote === null
        ? {}
        : { embed: { $type: 'app.bsky.embed.record', record: { uri: uriOf('bob', nsid.post, quote), cid: 'c' } } }),
    },
    operation: rev === 1 ? 'create' : 'update',
  });

/** All orders of a few frames. */
const orders = (texts: readonly string[]): string[][] =>
  texts.length < 2
    ? [[...texts]]
    : texts.flatMap((text, at) => orders(texts.toSpliced(at, 1)).map((rest) => [text, ...rest]));

describe('told by hand, in all orders, each frame a batch of its own', () => {
  test.each([
    ['a like put again elsewhere', [like(1, 'x'), like(2, null), like(3, 'y')]],
    ['a like updated to another post and deleted', [like(1, 'x'), like(2, 'y', 'update'), like(3, null)]],
    ['a like, gone and back where it was', [like(1, 'x'), like(2, null), like(3, 'x')]],
    ['a like updated there and back', [like(1, 'x'), like(2, 'y', 'update'), like(3, 'x', 'update')]],
    ['a follow and one more under another key', [follow(1, 'bob'), follow(2, 'bob', '3laua22222224'), follow(3, null)]],
    ['a quote that is edited away and back', [post(1, 'x'), post(2, null), post(3, 'x')]],
    ['a post and a like of the same key', [post(1, 'x'), like(2, 'x'), like(3, null)]],
    [
      'an account on and off, named and renamed',
      [
        event('account', 'ann', 10, { active: false, status: 'takendown' }),
        event('identity', 'ann', 11, { handle: 'a.test' }),
        event('account', 'ann', 12, { active: true }),
      ],
    ],
  ])('%s', async (_name, texts) => {
    for (const order of orders(texts)) {
      const difference = await check([order], 1);
      expect(difference, `in the order ${order.join('\n')}`).toBe('');
      await emptyTables(throwaway.store);
    }
  });
});
