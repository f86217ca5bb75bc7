import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openClickHouse } from '#pkg/clickhouse/client.ts';
import { clickHouseCode } from '#pkg/clickhouse/errors.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] || undefined;

/** Hours of work, were it let run. */
const endless = defineQuery<{ x: string }, { n: string }>({
  name: 'test_endless',
  sql: 'SELECT count() AS n FROM numbers(100000000000000) WHERE sipHash64(number) = {x:UInt64}',
  settings: { max_execution_time: 0 },
});
const quick = defineQuery<{ x: string }, { x: string }>({ name: 'test_quick', sql: 'SELECT {x:String} AS x' });

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );

describe(`a query that is no longer wanted, ${url === undefined ? 'embedded' : 'on a server'}`, () => {
  let throwaway: ThrowawayClickHouse;
  beforeAll(async () => {
    throwaway = await openThrowaway({ url, log, migrated: false });
  });
  afterAll(() => throwaway[Symbol.asyncDispose]());

  const running = async (): Promise<number> =>
    Number(
      await throwaway.store.read(
        `SELECT count() FROM system.processes WHERE startsWith(Settings['log_comment'], 'test_endless')`,
        'TSV',
      ),
    );
  const start = (signal: AbortSignal): Promise<unknown> =>
    failure(throwaway.store.query(endless, { x: '5' }, { signal }));

  test('is gone from the engine, and the caller knows at once why', async () => {
    const controller = new AbortController();
    const failed = start(controller.signal);
    await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 10_000 });
    controller.abort('enough');
    expect(await failed).toMatchObject({ name: 'AbortError', cause: 'enough' });
    await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 10_000 });
    // Its connection is free again.
    expect(await throwaway.store.query(quick, { x: 'next' })).toEqual([{ x: 'next' }]);
  });

  test('takes only itself along', async () => {
    const [wanted, unwanted] = [new AbortController(), new AbortController()];
    const other = throwaway.store.query(quick, { x: 'mine' }, { signal: wanted.signal });
    const failed = start(unwanted.signal);
    await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 10_000 });
    const behind = throwaway.store.query(quick, { x: 'behind' }, { signal: wanted.signal });
    unwanted.abort();
    await failed;
    expect(await other).toEqual([{ x: 'mine' }]);
    expect(await behind).toEqual([{ x: 'behind' }]);
    await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 10_000 });
  });

  test('is not even started when it was given up before', async () => {
    const failed = await start(AbortSignal.abort('too late'));
    expect(failed).toMatchObject({ name: 'AbortError', cause: 'too late' });
    expect(await running()).toBe(0);
  });

  test('is stopped when it is given up in the moment of its start', async () => {
    for (let round = 0; round < 5; round += 1) {
      const controller = new AbortController();
      const failed = start(controller.signal);
      controller.abort();
      expect(await failed).toMatchObject({ name: 'AbortError' });
    }
    await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 10_000 });
    expect(await throwaway.store.query(quick, { x: 'next' })).toEqual([{ x: 'next' }]);
  });

  test('that answers or fails by itself does so as ever, and an abort afterwards does nothing', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    expect(await throwaway.store.query(quick, { x: 'ok' }, { signal })).toEqual([{ x: 'ok' }]);
    const wrong = defineQuery<Record<string, never>, never>({ name: 'test_wrong', sql: 'SELECT nothing' });
    expect(clickHouseCode(await failure(throwaway.store.query(wrong, {}, { signal })))).toBe(47);
    controller.abort();
    expect(await throwaway.store.query(quick, { x: 'ok' })).toEqual([{ x: 'ok' }]);
  });
});

/** A server that answers what opening needs, and never answers `test_endless`. */
const silentServer = async () => {
  const seen: { url: URL; body: string; request: IncomingMessage }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push({ url: new URL(request.url ?? '/', 'http://x'), body, request });
      if (!body.includes('test_endless')) response.end('{"version":"26.1.1.1"}\n');
    })().catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { seen, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

test('a server is asked to stop it by its id, and sees the connection closed', async () => {
  const { seen, server, url: address } = await silentServer();
  const store = await openClickHouse({ url: address, path: '', database: 'skyflow' });
  try {
    const controller = new AbortController();
    const failed = failure(store.query(endless, { x: '5' }, { signal: controller.signal }));
    const find = (text: string) => seen.find((one) => one.body.includes(text));
    await vi.waitFor(() => expect(find('test_endless')).toBeDefined());
    const asked = find('test_endless');
    const id = asked?.url.searchParams.get('query_id') ?? '';
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    // Without a read-only session a server does not look whether the client is still there.
    expect(asked?.url.searchParams.get('readonly')).toBe('2');
    expect(asked?.url.searchParams.get('cancel_http_readonly_queries_on_client_close')).toBe('1');
    // Its name stays as it is: operators group their query log by it.
    expect(asked?.body).toContain(`log_comment = 'test_endless'`);
    controller.abort();
    expect(await failed).toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(find('KILL QUERY')?.body).toContain(`query_id = '${id}'`));
    await vi.waitFor(() => expect(asked?.request.socket.destroyed).toBe(true));
  } finally {
    await store.close();
    server.close();
    server.closeAllConnections();
  }
});
