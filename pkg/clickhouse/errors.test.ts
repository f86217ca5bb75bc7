import { expect, test } from 'vitest';
import { classifyFailure, clickHouseCode, isDiskFull } from '#pkg/clickhouse/errors.ts';

/** As the HTTP client throws it, and as the embedded engine does. */
const overHttp = (code: number) => Object.assign(new Error('text'), { code: String(code), type: 'NAME' });
const inProcess = (code: number) => Object.assign(new Error('text'), { clickhouseCode: code, code: 'CHDB_QUERY' });

test.each([
  [6, 'data'],
  [27, 'data'],
  [53, 'data'],
  [469, 'data'],
  [47, 'schema'],
  [60, 'schema'],
  [81, 'schema'],
  [164, 'schema'],
  [497, 'schema'],
  [516, 'schema'],
  [159, 'busy'],
  [202, 'busy'],
  [241, 'busy'],
  [243, 'busy'],
  [252, 'busy'],
  [999_999, 'busy'],
] as const)('code %i means %s, whoever throws it', (code, kind) => {
  for (const error of [overHttp(code), inProcess(code), new Error('outer', { cause: overHttp(code) })]) {
    expect(clickHouseCode(error)).toBe(code);
    expect(classifyFailure(error)).toBe(kind);
  }
});

test('anything without a code is busy: unreachable, timed out, not even an error', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  for (const thrown of [refused, new Error('Timeout error.'), 'text', null, undefined, 60, { code: 60 }]) {
    expect(clickHouseCode(thrown)).toBeUndefined();
    expect(classifyFailure(thrown)).toBe('busy');
  }
});

test('message text decides nothing', () => {
  expect(classifyFailure(new Error('Code: 60. DB::Exception: Table does not exist. (UNKNOWN_TABLE)'))).toBe('busy');
});

test("a full disk is known by its code, the store's or the system's", () => {
  expect(isDiskFull(overHttp(243))).toBe(true);
  expect(isDiskFull(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toBe(true);
  expect(isDiskFull(overHttp(241))).toBe(false);
  expect(isDiskFull(new Error('No space left on device'))).toBe(false);
});
