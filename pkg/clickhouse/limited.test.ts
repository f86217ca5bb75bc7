import { describe, expect, test } from 'vitest';
import { LimitError, type LimitedStatement, limitSettings, StatementError, toLimitedError } from './limited.ts';

const statement: LimitedStatement = {
  name: 'test_limited',
  sql: 'SELECT 1',
  params: {},
  lane: 'operator',
  limits: { maxMs: 1_500, maxMemoryBytes: 67_108_864, maxRowsToRead: 10, maxResultRows: 5, maxThreads: 1 },
};
const failed = (code: number, message = 'x') => Object.assign(new Error(message), { clickhouseCode: code });

describe('what was thrown is told apart by its code', () => {
  test.each([
    [159, 'time'],
    [160, 'time'],
    [241, 'memory'],
    [158, 'rows_read'],
    [307, 'rows_read'],
    [396, 'rows_returned'],
  ])('%i is the limit %s', (code, limit) => {
    const error = toLimitedError(failed(code), statement);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ limit });
  });

  test('over HTTP codes come as texts', () => {
    expect(toLimitedError(Object.assign(new Error('x'), { code: '62' }), statement)).toMatchObject({ code: 62 });
  });

  test('what is not the fault of the statement stays as it is', () => {
    for (const error of [failed(209), failed(243), failed(394), new Error('connect ECONNREFUSED'), 'text'])
      expect(toLimitedError(error, statement)).toBe(error);
  });
});

test('a limit is said in numbers', () => {
  const said = (code: number): unknown => (toLimitedError(failed(code), statement) as Error).message;
  expect(said(159)).toBe('test_limited was stopped: it took longer than 1.5 s');
  expect(said(241)).toBe('test_limited was stopped: it took more memory than 64 MB');
  expect(said(158)).toBe('test_limited was stopped: it read more than 10 rows');
  expect(said(396)).toBe('test_limited was stopped: it returned more than 5 rows');
});

test.each([
  [
    'Code: 47. DB::Exception: Unknown expression identifier `a` in scope SELECT a FROM secret. (UNKNOWN_IDENTIFIER)',
    'Unknown expression identifier `a`',
  ],
  [
    "Code: 43. DB::Exception: Code: 43. DB::Exception: Illegal types: In scope SELECT 'x'. (ILLEGAL) (version 26.7.2.1). (ILLEGAL)",
    'Illegal types',
  ],
  ['Code: 395. DB::Exception: Value is wrong: while executing FUNCTION throwIf(1). (FUNCTION_THROW)', 'Value is wrong'],
  ['Unknown table expression identifier x. Maybe you meant y', 'Unknown table expression identifier x'],
])('%s', (message, sentence) => {
  const error = toLimitedError(failed(1234, message), statement);
  expect(error).toBeInstanceOf(StatementError);
  expect((error as Error).message).toBe(sentence);
});

test('ours may bring settings, which win', () => {
  expect(limitSettings({ ...statement, lane: 'ours', settings: { max_threads: 2 } })).toMatchObject({ max_threads: 2 });
  expect(limitSettings(statement)).toMatchObject({ max_threads: 1, max_bytes_before_external_sort: 0 });
});
