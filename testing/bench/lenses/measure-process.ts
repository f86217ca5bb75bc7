/**
 * One world of the lens benchmark in a process of its own, because an embedded engine keeps one folder for the life of its
 * process: makes the world unless the folder has it, asks, and prints what it measured as one line of JSON.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readBoard } from '#pkg/analysis/board.ts';
import { measureAccounts } from '#pkg/analysis/measuring.ts';
import { computeReference } from '#pkg/analysis/reference/compute.ts';
import { scoreOf } from '#pkg/analysis/score.ts';
import { type Span, spanOf } from '#pkg/analysis/span.ts';
import { type ClickHouse, openClickHouse } from '#pkg/clickhouse/client.ts';
import { migrateClickHouse } from '#pkg/clickhouse/migrate.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { LENSES } from '#pkg/contracts/lens.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { writeFeeds } from './author-feeds.ts';
import { type LensWorld, planWorld, readerId, writeWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    reactions: { type: 'string' },
    'now-ms': { type: 'string' },
    /** Readers asked about, each with all four lenses. */
    readers: { type: 'string' },
    /** Where the author feeds of one reader's audience go, for the old way. */
    feeds: { type: 'string' },
  },
});
const required = (name: keyof typeof values): string => {
  const value = values[name];
  if (value === undefined) throw new TypeError(`--${name} is missing`);
  return value;
};

const warmUps = 3;
const folder = required('folder');
const readers = Number(required('readers'));
const world = planWorld(Number(required('reactions')), Number(required('now-ms')));
const tell = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

const build = async (store: ClickHouse): Promise<void> => {
  await migrateClickHouse(store, createLogger({ level: 'error' }));
  await writeWorld(store, world, (done, total) =>
    tell(`  ${(world.reactions / 1e6).toFixed(0)} M reactions: ${Math.floor((100 * done) / total)} % written`),
  );
};

const readersQuery = defineQuery<{ readers: number; authors: number }, { id: string }>({
  name: 'bench_readers',
  sql: `SELECT ${readerId('number % {authors:UInt64}')} AS id FROM numbers({readers:UInt64})`,
});
const partsQuery = defineQuery<Record<string, never>, { rows: string; parts: string; bytes: string }>({
  name: 'bench_parts',
  sql: `SELECT sum(rows) AS rows, count() AS parts, sum(bytes_on_disk) AS bytes
        FROM system.parts WHERE active AND database = currentDatabase() AND table = 'engagement'`,
});

const timed = async (times: number[], work: () => Promise<unknown>): Promise<void> => {
  const startedMs = performance.now();
  await work();
  times.push(performance.now() - startedMs);
};

/** Every reader's four boards and four scores, each timed from the question to the finished object. */
const measure = async (store: ClickHouse, { authors }: LensWorld, span: Span) => {
  const reference = await computeReference(store, '48h', span.toMs);
  const ids = await store.query(readersQuery, { readers: readers + warmUps, authors: Math.floor(authors / 10) });
  const boards = Object.fromEntries(LENSES.map((lens) => [lens, [] as number[]]));
  const scores = Object.fromEntries(LENSES.map((lens) => [lens, [] as number[]]));
  let found = 0;
  for (const [at, row] of ids.entries()) {
    const id = BigInt(row.id);
    for (const lens of LENSES) {
      const [boardMs, scoreMs]: [number[], number[]] = [[], []];
      await timed(boardMs, async () => {
        const read = await readBoard(lens, { id, audience: 'following' }, { store, span, signal: undefined });
        found += 'board' in read ? 1 : 0;
      });
      await timed(scoreMs, async () => {
        const range = { ids: { lo: id, hi: id }, span, windowsMeasured: 2 };
        const [own, earlier] = (await measureAccounts(store, lens, range)).get(id) ?? [];
        found += own !== undefined && scoreOf(lens, own, earlier, reference).score >= 0 ? 1 : 0;
      });
      if (at < warmUps) continue;
      boards[lens]?.push(...boardMs);
      scores[lens]?.push(...scoreMs);
    }
    tell(`  ${(world.reactions / 1e6).toFixed(0)} M reactions: ${at + 1} of ${ids.length} readers`);
  }
  return { boards, scores, found, asked: ids.length * LENSES.length * 2, reader: ids[0]?.id ?? '0' };
};

const done = join(folder, 'complete');
await mkdir(folder, { recursive: true });
const store = await openClickHouse({ path: join(folder, 'clickhouse'), database: 'skyflow' });
const startedMs = performance.now();
if (!existsSync(done)) {
  await build(store);
  await writeFile(done, '');
}
const builtS = (performance.now() - startedMs) / 1000;
const span = spanOf('48h', world.nowMs);
const { reader, ...measured } = await measure(store, world, span);
const [table] = await store.query(partsQuery, {});
const likes = values.feeds === undefined ? 0 : await writeFeeds(store, { reader: BigInt(reader), span }, values.feeds);
tell('');
console.log(JSON.stringify({ ...measured, ...table, builtS, authors: world.authors, likes }));
await store.close();
