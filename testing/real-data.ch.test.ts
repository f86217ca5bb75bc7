import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { Indexer } from '#pkg/indexer/indexer.ts';
import { fileSource } from '#pkg/indexer/source/file.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { rawDifferences } from '#testing/answers/raw.ts';
import { differences } from '#testing/answers/read.ts';
import { emptyTables } from '#testing/crash/run-frames.ts';
import { readFrame } from '#testing/oracle/frame.ts';
import { Oracle } from '#testing/oracle/oracle.ts';

/** Real frames, beside the project and never in it. */
const folder = '../shared/data/events';
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : [];
if (files.length === 0)
  console.warn(`\n!!! SKIPPED: ${folder} is absent: the indexer was NOT tried on real network data !!!\n`);

const linesOf = (file: string): string[] =>
  readFileSync(`${folder}/${file}`, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');

/** One capture tells a revision twice, with other escapes: no network does, and of the two the tables keep the later. */
const laterTellings = (lines: readonly string[]): string[] => {
  const last = new Map<string, number>();
  const nameOf = (line: string, at: number): string => {
    const frame = readFrame(line);
    return frame.is === 'record'
      ? `${frame.did} ${frame.collection} ${frame.rkey} ${frame.rev} ${frame.content === null}`
      : `line ${at}`;
  };
  for (const [at, line] of lines.entries()) last.set(nameOf(line, at), at);
  return lines.filter((line, at) => last.get(nameOf(line, at)) === at);
};

describe.skipIf(files.length === 0)('every line of the real data', () => {
  let throwaway: ThrowawayClickHouse;
  const log = createLogger({ level: 'error' });

  beforeAll(async () => {
    throwaway = await openThrowaway({ url: process.env['CLICKHOUSE_URL'], log });
  });
  afterEach(() => emptyTables(throwaway.store));
  afterAll(() => throwaway[Symbol.asyncDispose]());

  const indexed = async (file: string) => {
    const indexer = new Indexer({
      store: throwaway.store,
      redis: { get: () => Promise.resolve(null), set: () => Promise.resolve('OK') },
      source: fileSource(`${folder}/${file}`),
      limits: { maxEvents: 500, maxBytes: 50_000_000, maxAgeMs: 5_000 },
      lookBackMs: 3_600_000,
      clock: systemClock,
      log,
    });
    await indexer.run(new AbortController().signal);
    return indexer.progress;
  };

  test.each(files)('%s', async (file) => {
    const lines = linesOf(file);
    const oracle = new Oracle();
    for (const line of lines) oracle.apply(line);
    const progress = await indexed(file);
    expect({ events: progress.events, ok: progress.ok, dropped: progress.droppedTotal, dead: progress.dead }).toEqual({
      events: lines.length,
      ok: oracle.counts().ok,
      dropped: oracle.counts().dropped,
      dead: 0,
    });
    const told = new Oracle();
    for (const line of laterTellings(lines)) told.apply(line);
    expect(await differences(throwaway.store, told)).toBe('');
    expect(await rawDifferences(throwaway.store, lines)).toBe('');
  });

  test('damaged lines are counted by their reason', async () => {
    const { dropped } = await indexed('firehose-2024-12-13-damaged.jsonl');
    expect(Object.fromEntries([...dropped].filter(([, count]) => count > 0))).toEqual({ not_json: 2 });
  });
});
