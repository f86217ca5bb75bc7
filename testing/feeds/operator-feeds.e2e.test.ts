import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRandom } from '#testing/simulator/random.ts';
import { FullStack, type Running, soon, untilPage } from './full-stack.ts';
import { LivingNetwork } from './living-network.ts';

let stack: FullStack;
let network: LivingNetwork;
let generator: Running;

const good = `SELECT actor_id, tid, toFloat64(max(at_ms)) AS score FROM author_posts
  GROUP BY actor_id, tid HAVING argMax(deleted, version) = 0`;
const one = `'at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kaaaaaaaaaaa' AS uri`;
/** Stands in the statements: it must be in no line of the log. */
const SECRET = 'hunter2-in-the-statement';

/** Statements that are in order as far as can be seen, and go wrong when they run; and what must be said about them. */
const BAD = {
  loops: [
    `SELECT ${one}, count() AS score FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b
     WHERE sipHash64(a.number, b.number) = 5 AND '${SECRET}' != ''`,
    /stopped: it (took longer|read more)/,
  ],
  sorts: [
    `SELECT actor_id, tid, toFloat64(cityHash64(a.tid, n)) AS score
     FROM author_posts AS a CROSS JOIN (SELECT number AS n FROM numbers(1000000)) AS b ORDER BY score, '${SECRET}'`,
    /stopped: it/,
  ],
  allocates: [
    `SELECT ${one}, length(groupArray(repeat(toString(number), 1000))) AS score FROM numbers(10000000)
     WHERE '${SECRET}' != ''`,
    /stopped: it took more memory/,
  ],
  divides: [
    `SELECT ${one}, intDiv(1, tid - tid) AS score FROM author_posts WHERE '${SECRET}' != ''`,
    /[Dd]ivision by zero/,
  ],
} as const satisfies Record<string, readonly [string, RegExp]>;

/** Statements that are refused before anything of them runs, and what must be said about them. */
const REFUSED = {
  naps: [`SELECT ${one}, sleep(3) AS score`, /sleep/],
  reads: [`SELECT ${one}, 1 AS score FROM system.tables`, /system/],
  'reads-files': [`SELECT line AS uri, 1 AS score FROM file('/etc/passwd', 'LineAsString', 'line String')`, /file/],
  'goes-out': [`SELECT ${one}, 1 AS score FROM url('http://127.0.0.1/', 'CSV', 'a String')`, /url/],
  throws: [`SELECT ${one}, throwIf(tid != 0, '${SECRET}') AS score FROM author_posts`, /throwIf/i],
  writes: [`INSERT INTO author_posts SELECT * FROM author_posts`, /./],
  typo: [`SELEC uri FROM author_posts`, /feed\.sql/],
  'no-score': [`SELECT actor_id, tid FROM author_posts`, /score/],
} as const satisfies Record<string, readonly [string, RegExp]>;

beforeAll(async () => {
  stack = await FullStack.open();
  const authors = Array.from({ length: 20 }, (_, n) => `did:plc:author${String(n).padStart(18, 'a')}`);
  network = new LivingNetwork(authors, createRandom(7), stack.clock.nowMs());
  network.begin({ posts: 200, reactions: 1_000, hours: 3 });
  await stack.index(network.frames());
  await stack.drop('good', {}, good);
  generator = await stack.start();
  await untilPage(generator, { rkey: 'good' }, (uris) => uris.length > 0);
}, 60_000);
afterAll(() => stack.close());

const healthOf = (of: string) => generator.feeds.health().find(({ rkey }) => rkey === of);
const problemOf = (rkey: string): string =>
  generator.feeds.parts.catalogue
    .problems()
    .filter(({ folder }) => folder.endsWith(`/${rkey}`))
    .flatMap(({ mistakes }) => mistakes)
    .join(' ');
const failuresOf = async (rkey: string): Promise<number> => {
  const line = (await generator.metrics())
    .split('\n')
    .find((text) => text.startsWith(`skyflow_feed_ranking_failures_total{feed="${rkey}"}`));
  return Number(line?.split(' ').at(-1) ?? 0);
};
const told = (message: string, about: string): string[] =>
  generator.lines.filter((line) => line.includes(message) && line.includes(about));

/** Counts the rankings that a shared feed gets, for as long as `work` takes. */
const refreshesDuring = async (rkey: string, work: () => Promise<void>): Promise<number> => {
  const made = new Set<number>();
  const watch = setInterval(() => made.add(generator.rankedAtMs(rkey)), 20);
  try {
    await work();
  } finally {
    clearInterval(watch);
  }
  return made.size - 1;
};

describe('statements that go wrong when they run', () => {
  beforeAll(async () => {
    for (const [rkey, [sql]] of Object.entries(BAD)) await stack.drop(rkey, {}, sql);
  });

  test('are stopped and reported; our feeds and the other operator feeds go on being ranked and served', async () => {
    let turns = 0;
    let ours = 0;
    const goodOnes = await refreshesDuring('good', async () => {
      ours = await refreshesDuring('whats-hot', async () => {
        await vi.waitFor(
          async () => {
            turns += 1;
            // One of ours is due at every turn; together less than makes a feed stale.
            if (turns < 8) stack.clock.skip(16_000);
            for (const rkey of ['whats-hot', 'good']) {
              expect(await generator.page({ rkey, limit: 5 })).toMatchObject({ status: 200, error: undefined });
            }
            for (const rkey of Object.keys(BAD)) expect(healthOf(rkey)?.failures ?? 0, rkey).toBeGreaterThan(0);
          },
          { timeout: 90_000, interval: 250 },
        );
      });
    });
    expect(ours).toBeGreaterThan(3);
    expect(goodOnes).toBeGreaterThan(1);
    for (const rkey of ['good', 'whats-hot', 'top-1h', 'pulse']) {
      expect(healthOf(rkey), rkey).toMatchObject({ failures: 0, error: undefined, stale: false });
      expect(await failuresOf(rkey)).toBe(0);
    }
  }, 120_000);

  test.each(Object.entries(BAD))(
    '%s: health, metrics and the log say it, without the statement',
    async (rkey, [, says]) => {
      expect(healthOf(rkey)).toMatchObject({ rankedAtMs: undefined, stale: true, error: expect.stringMatching(says) });
      expect(await failuresOf(rkey)).toBeGreaterThan(0);
      const lines = told('a feed could not be ranked', `"feed":"${rkey}"`);
      // Once, not at every try.
      expect(lines).toHaveLength(1);
      expect((await generator.page({ rkey })).status).toBe(503);
    },
  );

  test('no line of the log has anything of a statement in it', () => {
    expect(generator.lines.filter((line) => line.includes(SECRET))).toEqual([]);
  });

  test('one that is put in order is ranked', async () => {
    await stack.drop('loops', {}, good);
    await untilPage(generator, { rkey: 'loops' }, (uris) => uris.length > 0);
    expect(healthOf('loops')).toMatchObject({ failures: 0, error: undefined });
    for (const rkey of Object.keys(BAD)) await stack.removeFolder(rkey);
    await vi.waitFor(() => expect(healthOf('sorts')).toBeUndefined(), soon);
  });
});

describe('statements that may not run', () => {
  test('are refused, each with what is wrong; nothing of them runs and the others are ranked', async () => {
    for (const [rkey, [sql]] of Object.entries(REFUSED)) await stack.drop(rkey, {}, sql);
    const made = await refreshesDuring('good', async () => {
      for (const [rkey, [, says]] of Object.entries(REFUSED)) {
        await vi.waitFor(() => expect(problemOf(rkey)).toMatch(says), soon);
        expect(generator.feeds.parts.catalogue.find(rkey)).toBeUndefined();
        expect(told('a feed has mistakes', `/${rkey}"`)).toHaveLength(1);
        expect((await generator.page({ rkey })).error).toBe('UnknownFeed');
      }
      await untilNext('good');
    });
    expect(made).toBeGreaterThan(0);
    for (const rkey of Object.keys(REFUSED)) await stack.removeFolder(rkey);
  });
});

const untilNext = async (rkey: string): Promise<void> => {
  const before = generator.rankedAtMs(rkey);
  await vi.waitFor(async () => {
    // One that nobody asks for is ranked once a minute.
    await generator.page({ rkey });
    expect(generator.rankedAtMs(rkey)).toBeGreaterThan(before);
  }, soon);
};

test('junk rows are dropped and counted, and the good ones are served', async () => {
  const junk = `SELECT multiIf(tid % 7 = 1, uri, tid % 7 = 2, '', tid % 7 = 3, 'at://did:plc:x/app.bsky.feed.like/1', uri) AS uri,
      multiIf(tid % 7 = 1, NULL, tid % 7 = 4, nan, tid % 7 = 5, inf, toFloat64(tid)) AS score,
      if(tid % 7 = 6, repeat('x', 10000), 'why') AS context
    FROM (SELECT number AS tid, {uris:Array(String)}[1 + number] AS uri FROM numbers(70))`;
  const uris = network.posts
    .filter(({ uri }) => !network.everDeleted.has(uri))
    .slice(-70)
    .map(({ uri }) => uri);
  await stack.drop('junk', { settings: { uris } }, junk);
  await vi.waitFor(() => expect([problemOf('junk'), healthOf('junk')?.posts]).toEqual(['', 10]), soon);
  const wanted = uris.filter((_, n) => n % 7 === 0).toReversed();
  expect((await generator.page({ rkey: 'junk', limit: 100 })).uris).toEqual(wanted);
  const feed = generator.feeds.parts.catalogue.find('junk');
  const ranking = feed && (await generator.feeds.parts.rankings.current(feed));
  expect(ranking?.report).toMatchObject({ rows: 70, kept: wanted.length, dropped: { malformed: 60 } });
  const dropped = /^skyflow_feed_dropped_posts_total\{reason="malformed"\} (\d+)$/m.exec(await generator.metrics());
  expect(Number(dropped?.[1])).toBeGreaterThanOrEqual(60);
});

describe('folders that come, change and go', () => {
  test('a broken folder keeps its last good form, and its mistakes are told', async () => {
    const before = (await generator.page({ rkey: 'good' })).uris;
    await writeFile(join(stack.feedsDir, 'good', 'feed.sql'), 'SELECT uri FROM nothing');
    await vi.waitFor(() => expect(problemOf('good')).not.toBe(''), soon);
    await untilNext('good');
    expect((await generator.page({ rkey: 'good' })).uris).toEqual(before);
    await writeFile(join(stack.feedsDir, 'good', 'feed.sql'), good);
    await vi.waitFor(() => expect(problemOf('good')).toBe(''), soon);
  });

  test('a folder is live without a restart, is told of by describeFeedGenerator, and is gone when it is removed', async () => {
    await stack.drop('late', {}, good);
    await untilPage(generator, { rkey: 'late' }, (uris) => uris.length > 0);
    const publisherDid = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
    await generator.feeds.parts.rules.write.recordPublication({ rkey: 'late', publisherDid, cid: 'bafyreib' });
    const uri = `at://${publisherDid}/app.bsky.feed.generator/late`;
    const described = async (): Promise<string> =>
      (
        await generator.feeds.xrpc.fetch(new Request('http://feeds.test/xrpc/app.bsky.feed.describeFeedGenerator'))
      ).text();
    expect(await described()).toContain(uri);
    await stack.removeFolder('late');
    await vi.waitFor(async () => expect((await generator.page({ rkey: 'late' })).error).toBe('UnknownFeed'), soon);
    expect(await described()).not.toContain(uri);
    expect(healthOf('late')).toBeUndefined();
    expect(await generator.metrics()).not.toMatch(/ranking_age_seconds\{feed="late"\}/);
  });
});
