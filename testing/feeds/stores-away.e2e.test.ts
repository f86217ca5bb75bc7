import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createRandom } from '#testing/simulator/random.ts';
import { FullStack, type Running, soon, untilPage } from './full-stack.ts';
import { LivingNetwork } from './living-network.ts';

let stack: FullStack;
let network: LivingNetwork;

const RKEY = 'newest';
const newest = `SELECT actor_id, tid, toFloat64(max(at_ms)) AS score FROM author_posts
  GROUP BY actor_id, tid HAVING argMax(deleted, version) = 0`;

beforeAll(async () => {
  stack = await FullStack.open();
  const [viewer] = await stack.addAccounts(1);
  const authors = Array.from({ length: 20 }, (_, n) => `did:plc:author${String(n).padStart(18, 'a')}`);
  network = new LivingNetwork([viewer?.did ?? '', ...authors], createRandom(9), stack.clock.nowMs());
  network.begin({ posts: 200, reactions: 1_000, hours: 3 });
  await stack.index(network.frames());
  await stack.drop(RKEY, {}, newest);
}, 60_000);
afterEach(() => stack.stopAll());
afterAll(() => stack.close());

/** A store that can be away, and counts the rankings that are made over it. */
class Wavering {
  isAway = false;
  /** By statement: how many are under way, how many there were, and how many there were at once at most. */
  readonly underWay: Map<string, number>;
  readonly made = new Map<string, number>();
  atOnce = 0;

  constructor(underWay = new Map<string, number>()) {
    this.underWay = underWay;
  }

  over(store: ClickHouse): ClickHouse {
    const unlessAway = async <T>(work: () => Promise<T>): Promise<T> => {
      if (this.isAway) throw new Error('ClickHouse is away');
      return work();
    };
    return Object.assign(Object.create(store) as ClickHouse, {
      query: (...given: Parameters<ClickHouse['query']>) => unlessAway(() => store.query(...given)),
      command: (...given: Parameters<ClickHouse['command']>) => unlessAway(() => store.command(...given)),
      insertRows: (...given: Parameters<ClickHouse['insertRows']>) => unlessAway(() => store.insertRows(...given)),
      readLimited: (...given: Parameters<ClickHouse['readLimited']>) =>
        unlessAway(() => this.#counted(given[0].name, () => store.readLimited(...given))),
    });
  }

  async #counted<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (!name.startsWith('feed_') || name === 'feed_check') return work();
    this.made.set(name, (this.made.get(name) ?? 0) + 1);
    this.underWay.set(name, (this.underWay.get(name) ?? 0) + 1);
    this.atOnce = Math.max(this.atOnce, this.underWay.get(name) ?? 0);
    try {
      return await work();
    } finally {
      this.underWay.set(name, (this.underWay.get(name) ?? 1) - 1);
    }
  }
}

const untilNext = async (running: Running, rkey: string): Promise<void> => {
  const before = running.rankedAtMs(rkey);
  await vi.waitFor(() => expect(running.rankedAtMs(rkey)).toBeGreaterThan(before), soon);
};

const newPost = async (): Promise<string> => {
  network.now(stack.clock.nowMs());
  const uri = network.post('did:plc:authoraaaaaaaaaaaaaaaaa3');
  await stack.index(network.frames());
  return uri;
};

const healthOf = (running: Running, of: string) => running.feeds.health().find(({ rkey }) => rkey === of);

/** Pages on to the end. */
const rest = async (running: Running, cursor: string | undefined): Promise<string[]> => {
  const uris: string[] = [];
  for (let next = cursor; next !== undefined;) {
    const page = await running.page({ rkey: RKEY, limit: 30, cursor: next });
    expect(page.status).toBe(200);
    uris.push(...page.uris);
    next = page.cursor;
  }
  return uris;
};

test('while ClickHouse is away the last rankings are served and said to be stale; then they are made again', async () => {
  const wavering = new Wavering();
  const running = await stack.start({ store: wavering.over(stack.store) });
  for (const rkey of [RKEY, 'whats-hot']) await untilPage(running, { rkey }, (uris) => uris.length > 0);
  const all = (await running.page({ rkey: RKEY, limit: 100 })).uris;
  wavering.isAway = true;
  await vi.waitFor(() => expect(healthOf(running, RKEY)?.failures).toBeGreaterThan(0), soon);
  const first = await running.page({ rkey: RKEY, limit: 10 });
  expect(first.uris).toEqual(all.slice(0, 10));
  stack.clock.skip(300_000);
  await vi.waitFor(
    () => expect(healthOf(running, RKEY)).toMatchObject({ stale: true, error: 'ClickHouse is away' }),
    soon,
  );
  for (const rkey of ['whats-hot', RKEY]) expect((await running.page({ rkey })).uris.length).toBeGreaterThan(0);
  expect(new Set([...first.uris, ...(await rest(running, first.cursor))]).size).toBeGreaterThan(100);
  const lines = running.lines.filter((line) => line.includes('a feed could not be ranked') && line.includes(RKEY));
  expect(lines).toHaveLength(1);
  const uri = await newPost();
  wavering.isAway = false;
  // The pauses between two tries are the network's time too.
  stack.clock.skip(60_000);
  await untilPage(running, { rkey: RKEY }, (uris) => uris[0] === uri);
  expect(healthOf(running, RKEY)).toMatchObject({ failures: 0, error: undefined, stale: false });
});

test('while Redis is away feeds are ranked and paged, and are shared again when it is back', async () => {
  const running = await stack.start();
  await untilPage(running, { rkey: RKEY }, (uris) => uris.length > 0);
  const first = await running.page({ rkey: RKEY, limit: 10 });
  await stack.redis.kill();
  const uri = await newPost();
  await untilPage(running, { rkey: RKEY }, (uris) => uris[0] === uri);
  // What was begun before goes on from memory.
  expect(await rest(running, first.cursor)).not.toContain(uri);
  const meanwhile = await running.page({ rkey: RKEY, limit: 10 });
  const wanted = new Set(await rest(running, meanwhile.cursor));
  expect(wanted.size).toBeGreaterThan(100);
  await stack.redis.start();
  await untilNext(running, RKEY);
  // Another instance has what this one serves, and its cursors.
  const other = await stack.start();
  await vi.waitFor(() => expect(other.rankedAtMs(RKEY)).toBeGreaterThan(0), soon);
  const page = await running.page({ rkey: RKEY, limit: 10 });
  await vi.waitFor(async () => expect(await rest(other, page.cursor)).not.toEqual([]), soon);
});

test('of two instances one ranks a feed at a time, and each serves what the other made', async () => {
  const underWay = new Map<string, number>();
  const sides = [new Wavering(underWay), new Wavering(underWay)];
  const [one, two] = (await Promise.all(sides.map((side) => stack.start({ store: side.over(stack.store) })))) as [
    Running,
    Running,
  ];
  for (const running of [one, two]) await untilPage(running, { rkey: RKEY }, (uris) => uris.length > 0);
  // The ranking of a test before may be taken over first; the one that replaces it is not to be counted.
  await vi.waitFor(() => {
    expect(stack.clock.nowMs() - one.rankedAtMs('whats-hot')).toBeLessThan(30_000);
    expect(two.rankedAtMs('whats-hot')).toBe(one.rankedAtMs('whats-hot'));
  }, soon);
  const made = (): number => sides.reduce((sum, side) => sum + (side.made.get('feed_whats-hot') ?? 0), 0);
  for (let turn = 0; turn < 3; turn += 1) {
    const before = made();
    const atMs = Math.max(one.rankedAtMs('whats-hot'), two.rankedAtMs('whats-hot'));
    stack.clock.skip(61_000);
    await vi.waitFor(() => {
      expect(one.rankedAtMs('whats-hot')).toBeGreaterThan(atMs);
      expect(two.rankedAtMs('whats-hot')).toBe(one.rankedAtMs('whats-hot'));
    }, soon);
    // One for both; a second only where the first was due again meanwhile, which it was not.
    expect(made() - before).toBe(1);
  }
  expect(Math.max(...sides.map(({ atOnce }) => atOnce))).toBe(1);

  const first = await one.page({ rkey: RKEY, limit: 5 });
  const second = await two.page({ rkey: RKEY, limit: 5, cursor: first.cursor });
  const third = await one.page({ rkey: RKEY, limit: 5, cursor: second.cursor });
  expect([second.status, third.status]).toEqual([200, 200]);
  expect([second.rankingId, third.rankingId]).toEqual([first.rankingId, first.rankingId]);
  expect(new Set([...first.uris, ...second.uris, ...third.uris]).size).toBe(15);
});

test('cursors of one instance work at another that was started after Redis lost everything', async () => {
  const one = await stack.start();
  await untilPage(one, { rkey: RKEY }, (uris) => uris.length > 0);
  const redis = new Redis(stack.redis.url);
  await redis.flushall();
  redis.disconnect();
  const two = await stack.start();
  await untilPage(two, { rkey: RKEY }, (uris) => uris.length > 0);
  await vi.waitFor(async () => {
    const first = await one.page({ rkey: RKEY, limit: 5 });
    const second = await two.page({ rkey: RKEY, limit: 5, cursor: first.cursor });
    expect(second).toMatchObject({ status: 200, rankingId: first.rankingId });
  }, soon);
});
