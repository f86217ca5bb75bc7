import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { defineQuery, readSql, withSettings } from '#pkg/clickhouse/query.ts';

test('settings become a clause of the statement', () => {
  expect(withSettings('SELECT 1', {})).toBe('SELECT 1');
  expect(withSettings('SELECT 1', { max_threads: 2, log_comment: 'a' })).toBe(
    "SELECT 1\nSETTINGS max_threads = 2, log_comment = 'a'",
  );
});

test('a setting cannot break out of its quotes or its name', () => {
  expect(withSettings('SELECT 1', { log_comment: `a' \\ b` })).toBe(`SELECT 1\nSETTINGS log_comment = 'a\\' \\\\ b'`);
  expect(() => withSettings('SELECT 1', { 'x = 1, y': 2 })).toThrow(TypeError);
  expect(() => withSettings('SELECT 1', { Upper: 2 })).toThrow(TypeError);
});

test('a query has limits unless it says otherwise', () => {
  const sql = 'SELECT 1';
  const { settings } = defineQuery({ name: 'a', sql });
  expect(settings).toMatchObject({
    max_execution_time: 30,
    max_result_rows: 1_000_000,
    output_format_json_quote_64bit_integers: 1,
  });
  expect(defineQuery({ name: 'b', sql, settings: { max_execution_time: 5, max_threads: 1 } }).settings).toMatchObject({
    max_execution_time: 5,
    max_result_rows: 1_000_000,
    max_threads: 1,
  });
  expect(defineQuery({ name: 'c', sql }).settings).toEqual(settings);
});

test('SQL is read from beside the module, without its last semicolon', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-sql-'));
  try {
    await writeFile(join(folder, 'a.sql'), `-- Why.\nSELECT ';';\n`);
    expect(readSql(pathToFileURL(join(folder, 'module.ts')).href, 'a.sql')).toBe(`-- Why.\nSELECT ';'`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
