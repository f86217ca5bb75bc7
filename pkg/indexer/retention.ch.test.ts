import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { applyRawRetention } from '#pkg/indexer/retention.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { select } from '#testing/answers/select.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];
const dayMs = 86_400_000;

let throwaway: ThrowawayClickHouse;
let store: ClickHouse;
const commands: string[] = [];
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  store = {
    ...throwaway.store,
    command: (sql, params, settings) => {
      commands.push(sql);
      return throwaway.store.command(sql, params, settings);
    },
  };
});
afterAll(async () => {
  await throwaway[Symbol.asyncDispose]();
});

const records = async (): Promise<string[]> =>
  (await select<{ rkey: string }>(store, 'SELECT rkey FROM repo_records ORDER BY rkey')).map((row) => row.rkey);

const store1 = (rkey: string, ageDays: number): Promise<void> =>
  throwaway.store.command(
    `INSERT INTO repo_records (collection, actor_id, rkey, rev, operation, stored_at)
     SELECT 'app.bsky.feed.post', 1, '${rkey}', '', 'create', now() - INTERVAL ${ageDays} DAY`,
  );

test('the table is changed only where it says otherwise', async () => {
  await applyRawRetention(store, 30 * dayMs, log);
  expect(commands).toEqual([]);
  for (const ms of [7 * dayMs, Infinity, 90_500, 30 * dayMs]) {
    commands.length = 0;
    await applyRawRetention(store, ms, log);
    await applyRawRetention(store, ms, log);
    expect(commands.length).toBe(1);
  }
});

test('records older than that go, younger ones stay, and for ever is for ever', async () => {
  await applyRawRetention(store, Infinity, log);
  await store1('ancient', 800);
  await store1('old', 40);
  await store1('new', 0);
  await throwaway.store.command('OPTIMIZE TABLE repo_records FINAL');
  expect(await records()).toEqual(['ancient', 'new', 'old']);
  await applyRawRetention(store, 60 * dayMs, log);
  const merged = async (): Promise<string[]> => {
    await throwaway.store.command('OPTIMIZE TABLE repo_records FINAL');
    return records();
  };
  await expect.poll(merged, { timeout: 20_000 }).toEqual(['new', 'old']);
  await applyRawRetention(store, 30 * dayMs, log);
  await expect.poll(merged, { timeout: 20_000 }).toEqual(['new']);
});
