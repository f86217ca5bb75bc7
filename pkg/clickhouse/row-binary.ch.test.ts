import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { select } from '#testing/answers/select.ts';
import { startClickHouseServer, type ClickHouseServer } from '#testing/clickhouse-server/start.ts';

const log = createLogger({ level: 'silent' });
const given = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];

let folder: string;
let server: ClickHouseServer | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-rows-'));
  server = given === undefined ? await startClickHouseServer({ path: join(folder, 'server') }) : undefined;
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const columns = [
  { name: 'position', type: 'UInt64' },
  { name: 'small', type: 'UInt8' },
  { name: 'u', type: 'UInt64' },
  { name: 'i', type: 'Int64' },
  { name: 'us', type: "DateTime64(6, 'UTC')" },
  { name: 'ms', type: "Nullable(DateTime64(3, 'UTC'))" },
  { name: 'text', type: 'String' },
  { name: 'word', type: 'LowCardinality(String)' },
  { name: 'texts', type: 'Array(String)' },
  { name: 'words', type: 'Array(LowCardinality(String))' },
  { name: 'ids', type: 'Array(UInt64)' },
  { name: 'counts', type: 'Map(LowCardinality(String), UInt64)' },
] as const;

interface Row {
  small: number;
  u: bigint;
  i: number;
  us: number;
  ms: number | undefined;
  text: string;
  word: string;
  texts: string[];
  words: string[];
  ids: bigint[];
  counts: Map<string, number>;
}

const year2200Ms = Date.UTC(2200, 0, 1);
/** Any text: half surrogate pairs, NUL, and what other formats would have to escape. */
const anyText = fc.oneof(
  fc.string({
    unit: fc.oneof(
      fc.constantFrom('\0', '\t', '\n', '\r', '\\', "'", '"', '\uD800', '\uDC00', '🦋', 'é', ','),
      fc.string({ maxLength: 2 }),
    ),
  }),
  // Lengths at which the written length grows by a byte, in characters or in bytes.
  fc
    .tuple(
      fc.constantFrom('a', 'é', '日', '🦋'),
      fc.constantFrom(23, 24, 25, 42, 43, 63, 64, 127, 128, 5_461, 8_192, 16_383, 16_384),
    )
    .map(([unit, times]) => unit.repeat(times)),
);
const anyU64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
);
const anyRow: fc.Arbitrary<Row> = fc.record({
  small: fc.integer({ min: 0, max: 255 }),
  u: anyU64,
  i: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, -4_294_967_296, -4_294_967_297, Number.MIN_SAFE_INTEGER)),
  us: fc.integer({ min: 0, max: year2200Ms * 1000 }),
  ms: fc.option(fc.integer({ min: 0, max: year2200Ms }), { nil: undefined }),
  text: anyText,
  word: anyText,
  texts: fc.array(anyText, { maxLength: 4 }),
  words: fc.array(anyText, { maxLength: 3 }),
  ids: fc.array(anyU64, { maxLength: 4 }),
  counts: fc
    .uniqueArray(fc.tuple(anyText, fc.nat(Number.MAX_SAFE_INTEGER)), {
      selector: ([key]) => key.toWellFormed(),
      maxLength: 3,
    })
    .map((entries) => new Map(entries)),
});

const write = (writer: RowWriter, row: Row, position: number): void => {
  writer.i64(position);
  writer.u8(row.small);
  writer.u64(row.u);
  writer.i64(row.i);
  writer.time(row.us);
  writer.optionalTime(row.ms);
  writer.text(row.text);
  writer.text(row.word);
  writer.texts(row.texts);
  writer.texts(row.words);
  writer.u64s(row.ids);
  writer.counts(row.counts);
  writer.endRow();
};

/** The row as it must come back: integers as texts, half surrogate pairs as U+FFFD. */
const expected = (row: Row) => {
  const well = (text: string) => text.toWellFormed();
  return {
    small: row.small,
    u: String(row.u),
    i: String(row.i),
    us: String(row.us),
    ms: row.ms === undefined ? null : String(row.ms),
    text: well(row.text),
    word: well(row.word),
    texts: row.texts.map(well),
    words: row.words.map(well),
    ids: row.ids.map(String),
    counts: Object.fromEntries([...row.counts].map(([key, count]) => [well(key), String(count)])),
  };
};

describe.each(['embedded', 'server'] as const)('rows in binary, %s', (where) => {
  let throwaway: ThrowawayClickHouse;
  let store: ClickHouse;
  beforeAll(async () => {
    throwaway = await openThrowaway({
      url: where === 'server' ? (given ?? server?.url) : undefined,
      log,
      migrated: false,
    });
    store = throwaway.store;
    const list = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    await store.command(`CREATE TABLE kept (${list}) ENGINE = MergeTree ORDER BY position`);
  });
  afterAll(async () => {
    await throwaway[Symbol.asyncDispose]();
  });

  test('come back as they were written', async () => {
    const roundTrip = async (rows: Row[]): Promise<void> => {
      await store.command('TRUNCATE TABLE kept SYNC');
      // A tiny buffer: it grows in the middle of every kind of field.
      const writer = new RowWriter(8);
      for (const [position, row] of rows.entries()) write(writer, row, position);
      expect(writer.rows).toBe(rows.length);
      await store.insertRows('kept', columns, writer.bytes());
      const found = await select<object>(
        store,
        `SELECT small, u, i, toUnixTimestamp64Micro(us) AS us, toUnixTimestamp64Milli(ms) AS ms, text, word, texts, words, ids, counts
         FROM kept ORDER BY position`,
      );
      expect(found).toEqual(rows.map(expected));
    };
    await fc.assert(fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 12 }), roundTrip), { numRuns: 25 });
  }, 120_000);

  test('values that the column cannot hold are refused whole', async () => {
    await store.command('TRUNCATE TABLE kept SYNC');
    const writer = new RowWriter();
    writer.text('no number');
    writer.endRow();
    const work = store.insertRows('kept', [{ name: 'u', type: 'String' }], writer.bytes());
    await expect(work).rejects.toThrow();
    expect(await select(store, 'SELECT count() AS n FROM kept')).toEqual([{ n: '0' }]);
  });
});

test('rows can be taken one by one, and an unfinished one leaves no trace', () => {
  const writer = new RowWriter(4);
  writer.u8(1);
  writer.endRow();
  writer.text('two');
  writer.endRow();
  writer.u64(3n);
  writer.dropUnfinished();
  expect([...writer.bytes()]).toEqual([1, 3, 116, 119, 111]);
  expect([...writer.bytes(1, 2)]).toEqual([3, 116, 119, 111]);
  expect([...writer.bytes(0, 1)]).toEqual([1]);
  writer.clear();
  expect([writer.rows, writer.byteLength, writer.bytes().length]).toEqual([0, 0, 0]);
  writer.u8(9);
  writer.dropUnfinished();
  expect(writer.byteLength).toBe(0);
});
