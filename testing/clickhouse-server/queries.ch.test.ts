import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  createClient,
  ClickHouseLogLevel,
  ClickHouseError,
  TupleParam,
  type ClickHouseClient,
} from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClickHouseServer, type ClickHouseServer } from './start.ts';

/** Failures are what is tested here: the client need not log them. */
const quiet = { log: { level: ClickHouseLogLevel.OFF } };

let folder: string;
let server: ClickHouseServer;
let client: ClickHouseClient;

const select = async <T>(query: string, more: object = {}): Promise<T[]> => {
  const answer = await client.query({ query, format: 'JSONEachRow', ...more });
  return answer.json<T>();
};

const failure = async (work: Promise<unknown>): Promise<{ code: string; type: string | undefined }> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof ClickHouseError) return { code: error.code, type: error.type };
    throw error;
  }
  throw new Error('it did not fail');
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clickhouse-server-'));
  server = await startClickHouseServer({ path: folder });
  const root = createClient({ ...quiet, url: server.url });
  await root.command({ query: 'CREATE DATABASE sky' });
  await root.close();
  client = createClient({ ...quiet, url: server.url, database: 'sky' });
});

afterAll(async () => {
  await client.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('statements', () => {
  test('answers ping with and without a query', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
  });

  test('creates a table in the database of the client', async () => {
    await client.command({ query: 'CREATE TABLE made (id UInt64) ENGINE = MergeTree ORDER BY id' });
    expect(await select("SELECT database FROM system.tables WHERE name = 'made'")).toEqual([{ database: 'sky' }]);
  });

  test('serves each output format, and TabSeparated where none is named', async () => {
    const csv = await client.query({ query: "SELECT 1 AS a, 'x' AS b", format: 'CSVWithNames' });
    expect(await csv.text()).toBe('"a","b"\n1,"x"\n');
    const plain = await fetch(`${server.url}/?query=${encodeURIComponent('SELECT 1, 2')}`);
    expect(await plain.text()).toBe('1\t2\n');
    expect(plain.headers.get('x-clickhouse-format')).toBe('TabSeparated');
    const chosen = await fetch(`${server.url}/?default_format=JSONCompactEachRow`, {
      method: 'POST',
      body: 'SELECT 1, 2',
    });
    expect(await chosen.text()).toBe('[1, 2]\n');
    expect(chosen.headers.get('x-clickhouse-format')).toBe('JSONCompactEachRow');
  });

  test('streams a result of 200,000 rows whole', async () => {
    const answer = await client.query({ query: 'SELECT number FROM numbers(200000)', format: 'JSONEachRow' });
    let rows = 0;
    for await (const part of answer.stream()) rows += part.length;
    expect(rows).toBe(200_000);
  });

  test('compresses results when asked', async () => {
    const zipped = createClient({ ...quiet, url: server.url, compression: { response: true } });
    const answer = await zipped.query({ query: "SELECT repeat('a', 50000) AS a", format: 'JSONEachRow' });
    expect((await answer.json<{ a: string }>())[0]?.a.length).toBe(50_000);
    expect(answer.response_headers['content-encoding']).toBe('gzip');
    await zipped.close();
  });

  test('runs 40 statements at a time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => select<{ v: number }>('SELECT {n:UInt32} AS v', { query_params: { n } })),
    );
    expect(answers.map(([row]) => row?.v)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });
});

describe('inserts', () => {
  test('takes a TSV stream and says how many rows were written', async () => {
    await client.command({ query: 'CREATE TABLE tsv (id UInt64, text String) ENGINE = MergeTree ORDER BY id' });
    const lines = Readable.from(
      Array.from({ length: 1000 }, (_, n) => `${n}\tline\\n${n} \\\\ ü\n`),
      { objectMode: false },
    );
    const done = await client.insert({ table: 'tsv', values: lines, format: 'TabSeparated', columns: ['id', 'text'] });
    expect(done.summary?.written_rows).toBe('1000');
    expect(await select('SELECT count() AS n, max(text) AS t FROM tsv')).toEqual([{ n: 1000, t: 'line\n999 \\ ü' }]);
  });

  test('takes JSONEachRow values, gzipped too', async () => {
    await client.command({ query: 'CREATE TABLE json (id UInt64, list Array(String)) ENGINE = MergeTree ORDER BY id' });
    const zipping = createClient({ ...quiet, url: server.url, database: 'sky', compression: { request: true } });
    for (const [id, one] of [client, zipping].entries())
      await one.insert({ table: 'json', values: [{ id, list: [`it's`, 'é\u0000'] }], format: 'JSONEachRow' });
    await zipping.close();
    const list = [`it's`, 'é\u0000'];
    expect(await select('SELECT * FROM json ORDER BY id')).toEqual([
      { id: 0, list },
      { id: 1, list },
    ]);
  });

  test('inserts nothing from an empty body and everything from a SELECT', async () => {
    await client.command({ query: 'CREATE TABLE few (id UInt64) ENGINE = MergeTree ORDER BY id' });
    await client.insert({ table: 'few', values: Readable.from([], { objectMode: false }), format: 'TabSeparated' });
    expect(await select('SELECT count() AS n FROM few')).toEqual([{ n: 0 }]);
    await client.command({ query: 'INSERT INTO few SELECT number FROM numbers(7)' });
    await client.command({ query: 'INSERT INTO few VALUES (100), (101)' });
    expect(await select('SELECT count() AS n FROM few')).toEqual([{ n: 9 }]);
  });

  test('keeps no row of a batch with a bad line', async () => {
    await client.command({ query: 'CREATE TABLE strict (id UInt64) ENGINE = MergeTree ORDER BY id' });
    const values = Readable.from(['1\n2\nthree\n'], { objectMode: false });
    const failed = await failure(client.insert({ table: 'strict', values, format: 'TabSeparated' }));
    expect(failed.code).toBe('27');
    expect(await select('SELECT count() AS n FROM strict')).toEqual([{ n: 0 }]);
  });
});

describe('parameters', () => {
  test('binds a UInt64 beyond 2^53', async () => {
    const query_params = { big: '18446744073709551615' };
    const clickhouse_settings = { output_format_json_quote_64bit_integers: 1 } as const;
    const rows = await select('SELECT {big:UInt64} AS v', { query_params, clickhouse_settings });
    expect(rows).toEqual([{ v: '18446744073709551615' }]);
  });

  test('binds an array of tuples', async () => {
    const query_params = { keys: [new TupleParam(['1', `it's`]), new TupleParam(['2', 'back\\slash\ttab'])] };
    expect(await select('SELECT {keys:Array(Tuple(String, String))} AS v', { query_params })).toEqual([
      {
        v: [
          ['1', `it's`],
          ['2', 'back\\slash\ttab'],
        ],
      },
    ]);
  });

  test('binds texts that are full of quotes and breaks, and nothing as NULL', async () => {
    const text = `'; DROP TABLE x; -- \\ " \n\t\u0001 ü 🦋`;
    expect(await select('SELECT {t:String} AS v', { query_params: { t: text } })).toEqual([{ v: text }]);
    expect(await select('SELECT {t:Nullable(String)} AS v', { query_params: { t: null } })).toEqual([{ v: null }]);
  });

  test('takes a parameter list too long for a URL in a form', async () => {
    const ids = Array.from({ length: 50_000 }, (_, n) => n);
    const more = { query_params: { ids }, use_multipart_params: true };
    expect(await select('SELECT length({ids:Array(UInt64)}) AS n', more)).toEqual([{ n: 50_000 }]);
  });
});

describe('nothing leaks from one statement to the next', () => {
  test('settings', async () => {
    const query = "SELECT getSetting('max_block_size') AS v";
    const clickhouse_settings = { max_block_size: '123' };
    const before = await select<{ v: string }>(query);
    expect(await select(query, { clickhouse_settings })).toEqual([{ v: 123 }]);
    expect(await select(query)).toEqual(before);
  });

  test('parameters and the current database', async () => {
    await select('SELECT {once:UInt8} AS v', { query_params: { once: 1 } });
    expect(await failure(select('SELECT {once:UInt8} AS v'))).toEqual({ code: '456', type: 'UNKNOWN_QUERY_PARAMETER' });
    await client.command({ query: 'USE system' });
    expect(await select('SELECT currentDatabase() AS d')).toEqual([{ d: 'sky' }]);
  });
});

describe('errors', () => {
  test("carry the engine's number and name", async () => {
    expect(await failure(select('SELECT * FROM nowhere'))).toEqual({ code: '60', type: 'UNKNOWN_TABLE' });
    expect(await failure(select('SELEKT 1'))).toEqual({ code: '62', type: 'SYNTAX_ERROR' });
    const clickhouse_settings = { no_such_setting: 1 } as object;
    expect(await failure(select('SELECT 1', { clickhouse_settings }))).toEqual({
      code: '115',
      type: 'UNKNOWN_SETTING',
    });
    const limited = { clickhouse_settings: { max_execution_time: 0.05 } };
    expect((await failure(select('SELECT sum(sipHash64(number)) FROM numbers(1e11)', limited))).code).toBe('159');
  });

  test('carry the status, the header and the text of the protocol', async () => {
    const answer = await fetch(`${server.url}/`, { method: 'POST', body: 'SELECT * FROM nowhere' });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe('60');
    expect(await answer.text()).toMatch(/^Code: 60\. DB::Exception: .*\(UNKNOWN_TABLE\) \(version [\d.]+.*\)\n$/s);
  });

  test('an unknown database is one, and a GET may not write', async () => {
    const elsewhere = createClient({ ...quiet, url: server.url, database: 'elsewhere' });
    expect((await failure(elsewhere.command({ query: 'SELECT 1' }))).code).toBe('81');
    await elsewhere.close();
    const write = await fetch(`${server.url}/?query=${encodeURIComponent('CREATE DATABASE by_get')}`);
    expect([write.status, write.headers.get('x-clickhouse-exception-code')]).toEqual([403, '164']);
    await write.text();
  });
});
