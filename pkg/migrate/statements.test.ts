import { expect, test } from 'vitest';
import { splitStatements } from '#pkg/migrate/statements.ts';

test('splits at semicolons, and at no others', () => {
  const sql = `
-- first; a comment
CREATE TABLE a (x String DEFAULT ';', y String DEFAULT 'it''s; \\'quoted\\';');
/* between; */
CREATE TABLE "b;" (\`c;\` Int8) /* inside; */ ENGINE = Memory;
DO $body$ BEGIN PERFORM 1; END $body$;
;
-- the end;
`;
  expect(splitStatements(sql)).toEqual([
    `-- first; a comment\nCREATE TABLE a (x String DEFAULT ';', y String DEFAULT 'it''s; \\'quoted\\';')`,
    '/* between; */\nCREATE TABLE "b;" (`c;` Int8) /* inside; */ ENGINE = Memory',
    'DO $body$ BEGIN PERFORM 1; END $body$',
  ]);
});

test('the last statement needs no semicolon; nothing but comments is nothing', () => {
  expect(splitStatements('SELECT 1; SELECT 2')).toEqual(['SELECT 1', 'SELECT 2']);
  expect(splitStatements("SELECT 'a'")).toEqual(["SELECT 'a'"]);
  expect(splitStatements("'a'")).toEqual(["'a'"]);
  expect(splitStatements('  -- nothing\n/* here; */ ;; ')).toEqual([]);
  expect(splitStatements('')).toEqual([]);
});
