import { expect, test } from 'vitest';
import { bindStatement, requireParameters } from '#pkg/clickhouse/parameters.ts';

test('values become literals that are escaped once as a parameter and once as a text', () => {
  expect(bindStatement({ n: 5, id: 18_446_744_073_709_551_615n, yes: true, none: null })).toBe(
    `SET param_n = '5', param_id = '18446744073709551615', param_yes = '1', param_none = '\\\\N'`,
  );
  expect(bindStatement({ text: `it's a \\ and a\ttab\n` })).toBe(
    String.raw`SET param_text = 'it\\\'s a \\\\ and a\\ttab\\n'`,
  );
  expect(bindStatement({ ids: [1n, 2n], names: [`o'x`, null] })).toBe(
    String.raw`SET param_ids = '[1,2]', param_names = '[\'o\\\'x\',NULL]'`,
  );
});

test('a name that is no identifier and a value that is no parameter are refused', () => {
  expect(() => bindStatement({ 'x = 1; --': 1 })).toThrow(TypeError);
  expect(() => bindStatement({ x: { a: 1 } })).toThrow(TypeError);
  expect(() => bindStatement({ x: undefined })).toThrow(TypeError);
});

test('a statement that names what was not given is refused', () => {
  const sql = 'SELECT {a:String}, {b_2:Array(UInt64)}';
  expect(() => requireParameters(sql, { a: 'x', b_2: [] })).not.toThrow();
  expect(() => requireParameters(sql, { a: 'x' })).toThrow('b_2');
  expect(() => requireParameters("SELECT '{}', map('x', 1)", {})).not.toThrow();
});
