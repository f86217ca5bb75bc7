import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClickHouse, openClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure, clickHouseCode } from '#pkg/clickhouse/errors.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { select } from '#testing/answers/select.ts';
import { startClickHouseServer, type ClickHouseServer } from '#testing/clickhouse-server/start.ts';

const log = createLogger({ level: 'silent' });
const given = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];

let folder: string;
let server: ClickHouseServer | undefined;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-client-'));
  server = given === undefined ? await startClickHouseServer({ path: join(folder, 'server') }) : undefined;
  url = given ?? server?.url ?? '';
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const failure = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
};

const numbers = [{ name: 'id', type: 'UInt64' }] as const;
const rowsOf = (...ids: bigint[]): Buffer => {
  const writer = new RowWriter();
  for (const id of ids) {
    writer.u64(id);
    writer.endRow();
  }
  return writer.bytes();
};

// Whatever passes here passes in process and over HTTP: nothing above needs to know which it is.
describe.each(['embedded', 'server'] as const)('a ClickHouse, %s', (where) => {
  let throwaway: ThrowawayClickHouse;
  let store: ClickHouse;
  beforeAll(async () => {
    throwaway = await openThrowaway({ url: where === 'server' ? url : undefined, log, migrated: false });
    store = throwaway.store;
    await store.command('CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id');
  });
  afterAll(async () => {
    await throwaway[Symbol.asyncDispose]();
  });
  const ids = async (): Promise<string[]> =>
    (await select<{ id: string }>(store, 'SELECT id FROM kept ORDER BY id')).map((row) => row.id);

  test('parameters of every type we use arrive as they were', async () => {
    const params = {
      ids: [0n, 1n, 9_007_199_254_740_993n, 18_446_744_073_709_551_615n],
      none: [] as bigint[],
      big: 18_446_744_073_709_551_615n,
      small: -9_007_199_254_740_991,
      text: `it's "quoted", a \\ and \\n,\ttab\nline \0 é 🦋 {x:String} ; --`,
      texts: ["a'b", '', 'c\\d', '\t'],
      day: '2026-11-21',
    };
    const query = defineQuery<typeof params, Record<string, unknown>>({
      name: 'test_params',
      sql: `SELECT {ids:Array(UInt64)} AS ids, {none:Array(UInt64)} AS none, {big:UInt64} AS big, {small:Int64} AS small,
        {text:String} AS text, {texts:Array(String)} AS texts, {day:Date} AS day, toUInt32(7) AS short`,
    });
    expect(await store.query(query, params)).toEqual([
      {
        ids: ['0', '1', '9007199254740993', '18446744073709551615'],
        none: [],
        big: '18446744073709551615',
        small: '-9007199254740991',
        text: params.text,
        texts: params.texts,
        day: '2026-11-21',
        short: 7,
      },
    ]);
  });

  test('ten thousand ids fit into one query', async () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => 18_446_744_073_709_551_615n - BigInt(index));
    const query = defineQuery<{ keys: bigint[] }, { n: string; last: string }>({
      name: 'test_many',
      sql: 'SELECT length({keys:Array(UInt64)}) AS n, {keys:Array(UInt64)}[-1] AS last',
    });
    expect(await store.query(query, { keys })).toEqual([{ n: '10000', last: '18446744073709541616' }]);
  });

  test('a parameter does not outlive its query', async () => {
    const query = defineQuery<{ x?: string }, { x: string }>({ name: 'test_leak', sql: 'SELECT {x:String} AS x' });
    expect(await store.query(query, { x: 'mine' })).toEqual([{ x: 'mine' }]);
    expect(clickHouseCode(await failure(store.query(query, {})))).toBe(456);
    expect(await store.query(query, { x: "it's \\N \t\n\0 {y:String} '; DROP TABLE kept; --" })).toEqual([
      { x: "it's \\N \t\n\0 {y:String} '; DROP TABLE kept; --" },
    ]);
  });

  test('inserted rows are there when the insert resolves; no rows are no work', async () => {
    await store.command('TRUNCATE TABLE kept');
    await store.insertRows('kept', numbers, rowsOf(3n, 18_446_744_073_709_551_615n));
    await store.insertRows('kept', numbers, Buffer.alloc(0));
    expect(await ids()).toEqual(['3', '18446744073709551615']);
  });

  test('rows that do not fit the table are refused whole, as data', async () => {
    await store.command('TRUNCATE TABLE kept');
    const cut = rowsOf(1n, 2n).subarray(0, 12);
    expect(classifyFailure(await failure(store.insertRows('kept', numbers, Buffer.from(cut))))).toBe('data');
    expect(await ids()).toEqual([]);
  });

  test('failures mean the same', async () => {
    const kindOf = async (sql: string): Promise<[number | undefined, string]> => {
      const error = await failure(store.command(sql));
      return [clickHouseCode(error), classifyFailure(error)];
    };
    expect(await kindOf('SELECT * FROM nowhere')).toEqual([60, 'schema']);
    expect(await kindOf('SELECT nothing FROM kept')).toEqual([47, 'schema']);
    expect(await kindOf('SELEC 1')).toEqual([62, 'schema']);
    expect(await kindOf('SELECT nosuchfunction(1)')).toEqual([46, 'schema']);
    expect(await kindOf('SELECT 1 SETTINGS no_such_setting = 1')).toEqual([115, 'schema']);
    expect(await kindOf(`SELECT toUInt8('x')`)).toEqual([6, 'data']);
    expect(await kindOf('SELECT sleep(1) SETTINGS max_execution_time = 0.1')).toEqual([159, 'busy']);
    expect(
      await kindOf('SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000'),
    ).toEqual([241, 'busy']);
    const missing = await failure(store.insertRows('nowhere', numbers, rowsOf(1n)));
    expect(classifyFailure(missing)).toBe('schema');
  });

  test('a query keeps its own limits, and gives them to nobody else', async () => {
    const limited = defineQuery<Record<string, never>, { n: string }>({
      name: 'test_limited',
      sql: 'SELECT number AS n FROM numbers(100)',
      settings: { max_result_rows: 10, max_execution_time: 17 },
    });
    const before = await store.read(`SELECT getSetting('max_execution_time'), getSetting('max_result_rows')`, 'TSV');
    expect(clickHouseCode(await failure(store.query(limited, {})))).toBe(396);
    await store.command('SELECT 1', {}, { max_execution_time: 18, max_result_rows: 5 });
    const own = {
      name: 'test_own',
      sql: `SELECT getSetting('max_execution_time') AS s, getSetting('max_result_rows') AS r`,
      settings: {},
    };
    const [after] = await store.query<Record<string, never>, { s: unknown; r: unknown }>(own, {});
    expect(`${String(after?.s)}\t${String(after?.r)}\n`).toBe(before);
    expect(await select(store, 'SELECT count() AS n FROM (SELECT number FROM numbers(100))')).toEqual([{ n: '100' }]);
  });

  test('read gives the format asked for, and the one the statement names', async () => {
    expect(await store.read('SELECT 1 AS a, 2 AS b', 'CSVWithNames')).toBe('"a","b"\n1,2\n');
    expect(await store.read('SELECT 1 AS a FORMAT JSONEachRow', 'CSV')).toBe('{"a":1}\n');
    expect(await store.read('SELECT count() FROM kept', 'TSV')).toMatch(/^\d+\n$/);
  });

  test('read can only read, however it is asked, and does not make the others read-only', async () => {
    await store.command('TRUNCATE TABLE kept');
    await store.insertRows('kept', numbers, rowsOf(7n));
    const loot = join(folder, `loot-${where}.tsv`);
    const attempts = [
      'INSERT INTO kept VALUES (8)',
      'INSERT INTO kept SELECT 8',
      'TRUNCATE TABLE kept',
      'DROP TABLE kept',
      'ALTER TABLE kept DELETE WHERE 1',
      'DELETE FROM kept WHERE 1',
      'CREATE TABLE made (x Int8) ENGINE = Memory',
      'CREATE DATABASE made',
      'SET readonly = 0',
      'SELECT 1 SETTINGS readonly = 0',
      'OPTIMIZE TABLE kept FINAL',
      'SYSTEM STOP MERGES kept',
      'SYSTEM DROP MARK CACHE',
      `SELECT * FROM file('/etc/passwd', 'LineAsString')`,
      `SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')`,
      'CREATE USER eve',
      `INSERT INTO FUNCTION file('${loot}', 'TSV', 'x Int8') SELECT 1`,
      'SELECT 1; INSERT INTO kept VALUES (9)',
    ];
    const done: string[] = [];
    for (const sql of attempts) {
      const refused = await store.read(sql, 'TSV').then(
        () => false,
        () => true,
      );
      if (!refused) done.push(sql);
    }
    expect(done).toEqual([]);
    for (const gap of [' ', '\n', '/* a */ -- b\n\t', '# c\n']) {
      expect(await failure(store.read(`SELECT 1 Into${gap}OutFile '${loot}'`, 'TSV'))).toBeInstanceOf(UserError);
    }
    expect(existsSync(loot)).toBe(false);
    expect(await ids()).toEqual(['7']);
    await store.command('INSERT INTO kept VALUES (8)');
    expect(await ids()).toEqual(['7', '8']);
  });

  test('names that are no plain identifiers never reach SQL', async () => {
    const bad = 'kept; DROP TABLE kept';
    expect(await failure(store.insertRows(bad, numbers, rowsOf(1n)))).toBeInstanceOf(TypeError);
    expect(await failure(store.insertRows('kept', [{ name: bad, type: 'UInt64' }], rowsOf(1n)))).toBeInstanceOf(
      TypeError,
    );
    expect(await failure(openClickHouse({ url, path: folder, database: bad }))).toBeInstanceOf(TypeError);
  });
});

test('a server that is not there is busy, not broken', async () => {
  const error = await failure(openClickHouse({ url: 'http://127.0.0.1:1', path: '', database: 'skyflow' }));
  expect(classifyFailure(error)).toBe('busy');
});

test.each([
  ['24.8.14.39', false],
  ['25.2.9.1', false],
  ['25.3.1.1', true],
  ['26.1.0.0', true],
])('a server of version %s is taken: %s', async (version, isTaken) => {
  const old = createServer((request, response) => {
    request.resume().on('end', () => response.end(`${JSON.stringify({ version })}\n`));
  });
  await new Promise<void>((resolve) => {
    old.listen(0, '127.0.0.1', resolve);
  });
  try {
    const address = `http://127.0.0.1:${(old.address() as AddressInfo).port}`;
    const opened = openClickHouse({ url: address, path: '', database: 'skyflow' });
    if (isTaken) await (await opened).close();
    else {
      const error = await failure(opened);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toBe(`ClickHouse ${version} is too old for Skyflow.`);
    }
  } finally {
    old.close();
    old.closeAllConnections();
  }
});
