import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { answerWith } from '#cmd/skyflow/lens/answers-for-tests.ts';
import { askAnalyze, askSql, askStatus } from '#pkg/admin/client.ts';
import { runSql } from '#pkg/admin/run-sql.ts';
import { type AdminOptions, serveAdmin } from '#pkg/admin/server.ts';
import { adminSocketPath } from '#pkg/admin/socket-path.ts';

let folder: string;
let stop: AbortController;
let running: Promise<void> | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-admin-'));
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await running;
  rmSync(folder, { recursive: true, force: true });
});

const serve = async (options: Partial<AdminOptions>): Promise<string> => {
  const path = join(folder, 'admin.sock');
  const noSql = async () => ({ ok: true, output: '' }) as const;
  const nobody = async () => ({ ok: false, message: 'There is no such account.', hint: '' }) as const;
  running = serveAdmin({ path, sql: noSql, status: async () => ({}), analyze: nobody, ...options }).run(stop.signal);
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.isSocket()).toBe(true);
  return path;
};

const request = { query: 'SELECT 1', format: 'TSV', write: false };

test('a statement goes there and its output comes back', async () => {
  const path = await serve({ sql: async ({ query, format }) => ({ ok: true, output: `${query} as ${format}` }) });
  expect(await askSql(path, request)).toEqual({ ok: true, output: 'SELECT 1 as TSV' });
});

test('a refusal comes back as one, with its code', async () => {
  const problem = { message: 'Unknown table', code: 60 };
  const path = await serve({ sql: async () => ({ ok: false, problem }) });
  expect(await askSql(path, request)).toEqual({ ok: false, problem });
});

test('only this user can open the socket', async () => {
  const path = await serve({});
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('the socket of a killed process is taken over', async () => {
  writeFileSync(join(folder, 'admin.sock'), '');
  const path = await serve({ status: async () => ({ phase: 'live' }) });
  expect(await askStatus(path)).toEqual({ phase: 'live' });
});

test('nobody there is no error', async () => {
  expect(await askStatus(join(folder, 'admin.sock'))).toBeUndefined();
  writeFileSync(join(folder, 'admin.sock'), '');
  expect(await askSql(join(folder, 'admin.sock'), request)).toBeUndefined();
});

test('statements run one after the other', async () => {
  let together = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const path = await serve({
    sql: async () => {
      together += 1;
      most = Math.max(most, together);
      await new Promise<void>((resolve) => gates.push(resolve));
      together -= 1;
      return { ok: true, output: '' };
    },
  });
  const both = Promise.all([askSql(path, request), askSql(path, request)]);
  for (let opened = 0; opened < 2; opened += 1) {
    await expect.poll(() => gates.length).toBe(opened + 1);
    gates[opened]?.();
  }
  await both;
  expect(most).toBe(1);
});

test('a failing status is one sentence, not a hang', async () => {
  const path = await serve({ status: () => Promise.reject(new Error('the store is away')) });
  await expect(askStatus(path)).rejects.toMatchObject({ name: 'UserError', message: expect.stringContaining('away') });
});

test('a path that no socket can have is told apart', () => {
  expect(adminSocketPath('/data')).toBe('/data/admin.sock');
  expect(adminSocketPath(`/${'x'.repeat(100)}`)).toBeUndefined();
});

const question = { account: 'a.example.com', lenses: ['flow'], window: '48h', audience: 'mutual' } as const;

test('a question goes there, and its answers or a sentence come back', async () => {
  const asked: unknown[] = [];
  const path = await serve({
    analyze: async (given) => {
      asked.push(given);
      return given.account === 'a.example.com'
        ? { ok: true, answers: [answerWith({})] }
        : { ok: false, message: 'Nobody.', hint: 'Look again.' };
    },
  });
  const ask = (account: string) => askAnalyze(path, { ...question, lenses: [...question.lenses], account });
  expect(await ask('a.example.com')).toEqual({ ok: true, answers: [answerWith({})] });
  expect(await ask('b.example.com')).toEqual({ ok: false, message: 'Nobody.', hint: 'Look again.' });
  expect(asked[0]).toEqual(question);
  expect(await askAnalyze(join(folder, 'none.sock'), { ...question, lenses: ['flow'] })).toBeUndefined();
});

test('a question or an answer of another version is a sentence, not a crash', async () => {
  const path = await serve({ analyze: async () => ({ ok: true, answers: [{ lens: 'aura' }] }) as never });
  const bad = { ...question, lenses: ['aura'] } as never;
  await expect(askAnalyze(path, bad)).rejects.toThrow('not a request that this Skyflow understands');
  await expect(askAnalyze(path, { ...question, lenses: ['flow'] })).rejects.toMatchObject({ name: 'UserError' });
});

const storeThat = (part: Partial<ClickHouse>): ClickHouse => part as ClickHouse;
const text =
  "Code: 60. DB::Exception: Unknown table expression identifier 'postz' in scope SELECT * FROM postz. (UNKNOWN_TABLE) (version 26.7.1.1 (official build))";

test('a refusal of the engine is one sentence without codes and versions', async () => {
  const store = storeThat({ read: () => Promise.reject(new Error(text)) });
  expect(await runSql(store, request)).toEqual({
    ok: false,
    problem: { message: "Unknown table expression identifier 'postz' in scope SELECT * FROM postz.", code: 60 },
  });
});

test('an outage is not taken for a refusal', async () => {
  const store = storeThat({ read: () => Promise.reject(new Error('socket hang up')) });
  await expect(runSql(store, request)).rejects.toThrow('socket hang up');
});

test('with write, questions are still answered and the rest is carried out', async () => {
  const done: string[] = [];
  const store = storeThat({
    read: async (sql) => `read ${sql}`,
    command: async (sql) => void done.push(sql),
  });
  const ask = (query: string) => runSql(store, { query, format: 'TSV', write: true });
  expect(await ask('-- why\n (WITH 1 AS x SELECT x)')).toEqual({
    ok: true,
    output: 'read -- why\n (WITH 1 AS x SELECT x)',
  });
  expect(await ask('OPTIMIZE TABLE posts')).toEqual({ ok: true, output: '' });
  expect(done).toEqual(['OPTIMIZE TABLE posts']);
});
