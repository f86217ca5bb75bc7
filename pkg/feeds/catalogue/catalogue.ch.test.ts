import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { select } from '#testing/answers/select.ts';
import { allowedTables } from './allowed.ts';
import { createCatalogue } from './catalogue.ts';
import { checkFeeds } from './check-feeds.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] || undefined;
const oursDir = fileURLToPath(new URL('../ours', import.meta.url));
const templatesDir = fileURLToPath(new URL('../templates', import.meta.url));

let throwaway: ThrowawayClickHouse;
let root: string;
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  root = await mkdtemp(join(tmpdir(), 'skyflow-catalogue-'));
});
afterAll(async () => {
  await throwaway[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const drop = async (dir: string, sql: string): Promise<void> => {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'feed.json'), JSON.stringify({ displayName: 'Cats' }));
  await writeFile(join(dir, 'feed.sql'), sql);
};
const foldersOf = async (dir: string): Promise<string[]> =>
  (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const good = 'SELECT actor_id, tid, 1 AS score FROM posts';

test("an operator's statement that may not run is no feed", async () => {
  const feedsDir = join(root, 'some');
  await drop(join(feedsDir, 'good'), good);
  await drop(join(feedsDir, 'salt'), 'SELECT value AS uri, 1 AS score FROM installation');
  const clock = new ManualClock();
  const options = { oursDir: join(root, 'some'), feedsDir, store: throwaway.store, clock, log };
  const catalogue = await createCatalogue({ ...options, oursDir: await mkdtemp(join(root, 'ours-')) });
  expect(catalogue.feeds().map(({ rkey }) => rkey)).toEqual(['good']);
  expect(catalogue.problems()).toEqual([
    {
      folder: join(feedsDir, 'salt'),
      mistakes: [expect.stringContaining('reads installation, which feeds may not read')],
    },
  ]);
  const report = await checkFeeds(feedsDir, { store: throwaway.store });
  expect(report.statementsChecked).toBe(true);
  expect(report.feeds.map(({ mistakes }) => mistakes.length)).toEqual([0, 1]);
});

test('one that could not be checked is no feed yet, and is one as soon as the engine answers', async () => {
  const feedsDir = join(root, 'later');
  await drop(join(feedsDir, 'cats'), good);
  let isDown = true;
  const store: ClickHouse = {
    ...throwaway.store,
    readLimited: (...args) =>
      isDown ? Promise.reject(new Error('connect ECONNREFUSED')) : throwaway.store.readLimited(...args),
  };
  const clock = new ManualClock();
  const catalogue = await createCatalogue({ oursDir: await mkdtemp(join(root, 'ours-')), feedsDir, store, clock, log });
  expect(catalogue.feeds()).toEqual([]);
  expect(catalogue.problems()[0]?.mistakes[0]).toContain('cannot be checked');
  expect((await checkFeeds(feedsDir, { store })).statementsChecked).toBe(false);
  isDown = false;
  const stop = new AbortController();
  const running = Promise.all(catalogue.services.map((service) => service.run(stop.signal)));
  await clock.advance(2_000);
  while (clock.sleeping === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(catalogue.find('cats')).toBeDefined();
  expect(catalogue.problems()).toEqual([]);
  stop.abort();
  await running;
});

// An operator may copy any of them: they keep to the same rules.
test.each(await foldersOf(oursDir))('our feed %s is in order', async (rkey) => {
  const { feeds } = await checkFeeds(join(oursDir, rkey), { store: throwaway.store });
  expect(feeds.map(({ mistakes }) => mistakes.filter((mistake) => !mistake.includes('publicForm names')))).toEqual([
    [],
  ]);
});

/** What a template asks for. */
const samples: Readonly<Record<string, unknown>> = {
  keyword: { words: ['cat'] },
  language: { langs: ['pt'] },
  static: { posts: ['at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3l2zpbbhuvt2f'] },
};
test.each(await foldersOf(templatesDir))('a feed of the template %s is in order', async (template) => {
  const dir = join(root, 'templates', 'cats');
  await mkdir(dir, { recursive: true });
  await writeFile(
    join(dir, 'feed.json'),
    JSON.stringify({ displayName: 'Cats', template, settings: samples[template] ?? {} }),
  );
  const { feeds } = await checkFeeds(dir, { store: throwaway.store });
  expect(feeds[0]?.mistakes).toEqual([]);
});

test('the examples in docs/write-a-feed.md are in order', async () => {
  const text = await readFile(new URL('../../../docs/write-a-feed.md', import.meta.url), 'utf8');
  const blocks = (kind: string): string[] =>
    [...text.matchAll(new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block);
  const [feedSql, whySql] = blocks('sql');
  const manifests = blocks('json');
  expect(manifests.length).toBeGreaterThan(5);
  for (const [index, manifest] of manifests.entries()) {
    const dir = join(root, 'docs', `example-${index}`);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'feed.json'), manifest);
    if (!manifest.includes('"template"')) {
      await writeFile(join(dir, 'feed.sql'), feedSql ?? '');
      await writeFile(join(dir, 'why.sql'), whySql ?? '');
    }
  }
  const { feeds } = await checkFeeds(join(root, 'docs'), { store: throwaway.store });
  expect(feeds.map(({ mistakes }) => mistakes)).toEqual(manifests.map(() => []));
});

test('docs/write-a-feed.md lists the tables that may be read, with their columns', async () => {
  const text = await readFile(new URL('../../../docs/write-a-feed.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('## Tables'), text.indexOf('## Limits'));
  const lines = table.split('\n').filter((line) => line.startsWith('| `'));
  expect(new Set(lines.map((line) => line.split('`')[1]))).toEqual(allowedTables);
  const known = await select<{ table: string; name: string }>(
    throwaway.store,
    'SELECT table, name FROM system.columns WHERE database = currentDatabase()',
  );
  for (const line of lines) {
    const name = line.split('`')[1] ?? '';
    const columns = known.filter((one) => one.table === name).map((one) => one.name);
    const listed = [...line.matchAll(/`([a-z_, ]+)`/g)].flatMap(([, words = '']) => words.split(', '));
    for (const column of columns)
      if (!/^(?:reply|quote).*id$/.test(column)) expect([name, ...listed]).toContain(column);
  }
});
