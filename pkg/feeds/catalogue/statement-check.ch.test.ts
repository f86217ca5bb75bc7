import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import type { SettingValue } from '../feed.ts';
import { checkStatement } from './statement-check.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] || undefined;

let throwaway: ThrowawayClickHouse;
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
});
afterAll(() => throwaway[Symbol.asyncDispose]());

const check = (sql: string, settings: Readonly<Record<string, SettingValue>> = {}) =>
  checkStatement(throwaway.store, { file: 'feed.sql', sql, settings });

describe('a statement in order', () => {
  const plain = 'SELECT actor_id, tid, 1 AS score FROM author_posts';
  test.each([
    plain,
    `${plain} -- the last line is a comment`,
    `/* a { b */ ${plain} WHERE actor_id = {viewer:UInt64} AND hasAny(langs, {viewer_langs:Array(String)})`,
    `${plain} WHERE actor_id IN {members:Array(UInt64)} AND at_ms < toUnixTimestamp64Milli({now:DateTime64(3, 'UTC')})`,
    `${plain} WHERE tid IN (SELECT tid FROM posts FINAL WHERE text ILIKE '%cat%; DROP TABLE x; --')`,
    `SELECT uri, toFloat64(age_hours) AS score, 'pin' AS reason, '' AS context FROM recent_posts`,
    `WITH seen AS (SELECT tid FROM edges WHERE kind = 'like'), 5 AS least
     SELECT actor_id, tid, sumIf(1, tid > least) AS score, uniqExactIf(tid, 1) AS authors
     FROM author_posts WHERE tid IN seen GROUP BY ALL`,
    `SELECT p.actor_id AS actor_id, p.tid AS tid, row_number() OVER (ORDER BY p.tid DESC) AS score, 0.5 AS "part one"
     FROM author_posts AS p LEFT JOIN inactive_accounts AS i ON i.actor_id = p.actor_id
     UNION ALL SELECT number, arrayJoin([1, 2]), 1, 2 FROM numbers(3)`,
    'WITH x -> x * 2 AS twice SELECT actor_id, tid, twice(tid) AS score FROM posts',
    `SELECT argMax(posts.actor_id, posts.version) AS actor_id, posts.tid AS tid, count() AS score
     FROM posts, blocked_pairs, accounts, lists, list_items, odd_keys, profiles, mentions, followers, follows, blocks, actors
     GROUP BY tid HAVING argMaxOrNull(posts.deleted, posts.version) = 0`,
  ])('%s', async (sql) => {
    expect(await check(sql)).toEqual([]);
  });

  test('that names the database', async () => {
    const { database } = throwaway.store;
    expect(await check(`SELECT actor_id, tid, 1 AS score FROM ${database}.posts`)).toEqual([]);
  });

  test('with settings of every kind', async () => {
    const settings = {
      hours: 5,
      gravity: 1.5,
      below: -3,
      words: ['a'],
      ids: [1, 2],
      none: [],
      on: true,
      word: `it's {x}`,
    };
    const sql = `SELECT actor_id, tid, {gravity:Float64} + {below:Int32} + {hours:UInt8} AS score FROM posts
      WHERE hasAny(tags, {words:Array(String)}) AND {on:Bool} AND has({ids:Array(UInt64)}, tid) AND text = {word:String}
        AND NOT has({none:Array(String)}, text)`;
    expect(await check(sql, settings)).toEqual([]);
  });
});

describe('a statement that reads what it may not', () => {
  test.each([
    ['FROM installation', 'reads installation'],
    ['FROM skyflow.installation', 'reads'],
    ['FROM system.tables', 'reads system.tables'],
    ['FROM system.one', 'reads system.one'],
    ['FROM information_schema.tables', 'reads information_schema.tables'],
    ['FROM feed_interactions', 'reads feed_interactions'],
    ['FROM `installation`', 'reads installation'],
    ['FROM posts WHERE tid IN installation', 'reads installation'],
    ['FROM posts WHERE tid IN (installation)', 'reads installation'],
    ['FROM posts WHERE tid IN ((installation))', 'reads installation'],
    ['FROM posts WHERE notIn(tid, installation)', 'reads installation'],
    ['FROM posts WHERE tid IN ((SELECT 1), installation)', 'feed.sql'],
    ['FROM posts WHERE tid NOT IN system.one', 'reads system.one'],
    ['FROM posts WHERE tid GLOBAL IN skyflow.installation', 'reads skyflow.installation'],
    ['FROM posts WHERE 1 = (SELECT 1 FROM installation)', 'reads installation'],
    ['FROM posts WHERE EXISTS (SELECT value FROM installation)', 'reads installation'],
    ['FROM posts JOIN installation ON 1 = 1', 'reads installation'],
    [
      'FROM (WITH installation AS (SELECT 1 AS a) SELECT a FROM installation) WHERE 1 IN installation',
      'of its own installation',
    ],
    ['FROM (SELECT 1 AS installation) WHERE 1 IN installation', 'of its own installation'],
    ["FROM merge(currentDatabase(), '^inst')", 'reads from merge(...)'],
    ['FROM view(SELECT * FROM installation)', 'reads from view'],
    ["FROM viewIfPermitted(SELECT 1 AS a ELSE null('a UInt8'))", 'reads from viewIfPermitted'],
    ['FROM loop(installation)', 'reads from loop'],
    ['FROM mergeTreeIndex(skyflow, installation)', 'reads from mergeTreeIndex'],
    ["FROM file('/etc/passwd', 'LineAsString')", 'reads from file'],
    ["FROM url('http://127.0.0.1:1/', 'LineAsString')", 'reads from url'],
    ["FROM s3('http://127.0.0.1:1/a', 'CSV')", 'reads from s3'],
    ["FROM remote('127.0.0.1', 'skyflow.posts')", 'reads from remote'],
    ["FROM executable('id', 'TSV', 'a String')", 'reads from executable'],
    ["FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')", 'reads from mysql'],
    ['FROM (EXPLAIN SELECT 1)', 'reads from viewExplain'],
    ['FROM (SHOW TABLES)', 'feed.sql'],
  ])('%s', async (from, sentence) => {
    const mistakes = await check(`SELECT 1 AS actor_id, 2 AS tid, 3 AS score ${from}`);
    expect(mistakes.join('\n')).toContain(sentence);
  });
});

describe('a statement that uses functions it may not', () => {
  test.each([
    "file('/etc/passwd')",
    "FILE('/etc/passwd')",
    "joinGet('installation', 'value', 1)",
    "dictGet('x', 'y', 1)",
    'sleep(3)',
    'sleepEachRow(1)',
    "getSetting('max_threads')",
    "hasColumnInTable('127.0.0.1', 'user', 'x', 'a', 'b', 'c')",
    "getMacro('a')",
    'hostName()',
    "arrayMap(x -> file(x), ['/etc/passwd'])",
    'currentDatabase()',
    "aiGenerate('x')",
    "formatQuery('SELECT 1')",
    'notThere(1)',
    "file((WITH x -> x AS file SELECT file('/etc/passwd')))",
  ])('%s', async (call) => {
    const [mistake] = await check(`SELECT 1 AS actor_id, 2 AS tid, 3 AS score, ${call} AS part`);
    expect(mistake).toMatch(/^feed\.sql uses the function \w+, which feeds may not use\./);
  });

  test('by a name that shows nowhere else', async () => {
    const [mistake] = await check("SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS uri, 1 AS score)");
    expect(mistake).toContain('ColumnsApplyTransformer');
  });
});

describe('what is no single SELECT', () => {
  test.each([
    'SELECT 1; SELECT 2',
    "SELECT 1; SELECT 'SelectWithUnionQuery (children 1)'",
    'SELECT 1) UNION ALL (SELECT 2',
    'SELECT 1) ; KILL QUERY WHERE 1 ; SELECT * FROM (SELECT 1',
    'SELECT 1 /* not ended',
    "SELECT 'not ended",
    'SELECT 1 AS score SETTINGS max_execution_time = 0',
    'SELECT * FROM (SELECT 1 AS score SETTINGS max_memory_usage = 0)',
    'SELECT 1 FORMAT TSV',
    "SELECT 1 INTO OUTFILE '/tmp/skyflow-outfile'",
    'INSERT INTO posts (tid) VALUES (1)',
    'ALTER TABLE posts DELETE WHERE 1',
    'DROP TABLE posts',
    'CREATE TABLE x (a UInt8) ENGINE = Memory',
    'SET max_threads = 1',
    'KILL QUERY WHERE 1',
    'SHOW TABLES',
    'DESCRIBE posts',
    'EXPLAIN SELECT 1',
    'nonsense',
  ])('%s', async (sql) => {
    const mistakes = await check(sql);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(mistakes[0]).toMatch(/^feed\.sql/);
  });

  test('names that would be misread are refused', async () => {
    for (const name of ['a\n      TableIdentifier posts', 'x) (children 3', 'a (alias b)'])
      expect((await check(`SELECT 1 AS score, 2 AS uri, 3 AS \`${name}\` FROM system.one`))[0]).toMatch(/^feed\.sql/);
  });
});

test('columns that are missing or of another type are said', async () => {
  expect(await check('SELECT actor_id, tid, 1 AS scor FROM posts')).toEqual([
    'feed.sql returns no column score, a number by which the posts are ordered. It returns scor: rename that.',
  ]);
  expect(await check('SELECT actor_id, 1 AS score FROM posts')).toEqual([
    'feed.sql returns no column tid; actor_id and tid together say what post it is.',
  ]);
  expect(await check("SELECT 'x' AS score, 1 AS uri, 'y' AS note")).toEqual([
    'feed.sql returns score as String; it must be a number.',
    'feed.sql returns uri as UInt8; it must be a text.',
    'feed.sql returns note as String; a column of its own must be a number, a part of the score. Leave it out.',
  ]);
  expect(await check('SELECT nothing')).toEqual(['feed.sql: Unknown expression identifier `nothing`.']);
});

test('a statement that never ends is not run by looking at it', async () => {
  const sql = `SELECT 'at://x' AS uri, count() AS score FROM numbers(1000000000000) WHERE sipHash64(number) = 5`;
  expect(await check(sql)).toEqual([]);
});

test('why.sql has columns of its own and knows the post', async () => {
  const sql = `SELECT 'likes' AS name, count() > 3 AS ok, toString(count()) AS value, 'more than 3' AS needs
    FROM engagement WHERE subject_id = {post_actor:UInt64} AND subject_tid = {post_tid:UInt64}`;
  expect(await checkStatement(throwaway.store, { file: 'why.sql', sql, settings: {} })).toEqual([]);
  expect(await checkStatement(throwaway.store, { file: 'why.sql', sql: 'SELECT 1 AS name', settings: {} })).toContain(
    'why.sql returns no column ok; it must return name, ok, value and needs.',
  );
  expect((await check('SELECT {post_tid:UInt64} AS score'))[0]).toContain('only why.sql is about one post');
});
