import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Postgres } from '#pkg/postgres/client.ts';
import { writeCursor } from './cursor.ts';
import {
  analysis,
  createTestRest,
  didOf,
  expectProblem,
  openRestStores,
  type RestStores,
  type TestRest,
} from './rest-for-tests.ts';

const free = { requests: { count: Infinity, windowSeconds: 60 } };

let stores: RestStores;
let rest: TestRest;
beforeAll(async () => {
  stores = await openRestStores();
  rest = await createTestRest(stores, { limits: free });
  await rest.users('tim', 'eve');
  await rest.settle(analysis('tim', 't1'), analysis('eve', 'e1'), analysis('eve', 'e2'));
});
afterAll(() => stores[Symbol.asyncDispose]());

describe('cursors of the ledger', () => {
  test.each(['x', '!!', '=', 'MS4w', '\0', 'a'.repeat(201), 'a'.repeat(100_000), "1' OR '1'='1"])(
    '%j is a 400',
    async (bad) => {
      const answer = await rest.ask(`/api/v1/me/xp?cursor=${encodeURIComponent(bad)}`, { as: 'tim' });
      expectProblem(answer, 400, 'InvalidRequest');
    },
  );

  test('one of somebody else’s, or one that was changed, is a 400', async () => {
    const { cursor } = (await rest.ask('/api/v1/me/xp?limit=1', { as: 'eve' })).json;
    expect((await rest.ask(`/api/v1/me/xp?cursor=${cursor}`, { as: 'eve' })).status).toBe(200);
    expectProblem(await rest.ask(`/api/v1/me/xp?cursor=${cursor}`, { as: 'tim' }), 400, 'InvalidRequest');
    for (let at = 0; at < cursor.length; at += 1) {
      const changed = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
      const { status } = await rest.ask(`/api/v1/me/xp?cursor=${changed}`, { as: 'eve' });
      expect(status, `${changed} for ${cursor}`).toBe(400);
    }
  });

  test('one that is well made brings rows of one’s own only, wherever it points', async () => {
    for (const id of [1, 2, 3, Number.MAX_SAFE_INTEGER]) {
      const { json } = await rest.ask(`/api/v1/me/xp?cursor=${writeCursor(didOf('tim'), id)}`, { as: 'tim' });
      expect(json.xp.filter(({ event_id }: { event_id: string }) => event_id.startsWith('e'))).toEqual([]);
    }
  });
});

describe('limits', () => {
  test('of a user with a session, of an address without: each its own, tokens that are none included', async () => {
    const limits = { requests: { count: 3, windowSeconds: 60 } };
    const limited = await createTestRest(stores, { limits });
    await limited.users('tim', 'eve');
    const path = '/api/v1/leaderboards/global';
    for (let left = 2; left >= 0; left -= 1) {
      const { status, headers } = await limited.ask(path, { as: 'tim' });
      expect([status, headers.get('ratelimit-remaining')]).toEqual([200, String(left)]);
    }
    const refused = await limited.ask('/api/v1/me/xp', { as: 'tim' });
    expectProblem(refused, 429, 'rate_limit_exceeded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await limited.ask(path, { as: 'eve' })).status).toBe(200);
    for (let times = 0; times < 3; times += 1) expect((await limited.ask(path, { token: 'x' })).status).toBe(401);
    expectProblem(await limited.ask(path, { token: 'x' }), 429, 'rate_limit_exceeded');
    expectProblem(await limited.ask(path), 429, 'rate_limit_exceeded');
    expect(await limited.registry.getSingleMetricAsString('skyflow_gamification_api_rate_limited_total')).toMatch(
      / 3$/m,
    );
  });
});

describe('while a store is away', () => {
  const PATHS = [
    '/api/v1/leaderboards/global',
    '/api/v1/leaderboards/weekly',
    '/api/v1/leaderboards/weekly?week=2026-W40',
    '/api/v1/leaderboards/following',
    `/api/v1/users/${didOf('tim')}/stats`,
    '/api/v1/me/achievements',
    '/api/v1/me/streak',
    '/api/v1/me/xp',
    '/api/v1/me/leaderboard',
  ];

  test('503 and when to come again, without Redis', async () => {
    const redis = { status: 'reconnecting' } as unknown as Redis;
    const without = await createTestRest(stores, { redis });
    for (const path of PATHS) {
      const answer = await without.ask(path, { as: 'tim' });
      expectProblem(answer, 503, 'ServiceUnavailable');
      expect(answer.headers.get('retry-after')).toBe('5');
    }
  });

  test('503 without Postgres', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const away = () => Promise.reject(refused);
    const postgres = { query: away, transaction: away } as unknown as Postgres;
    const ledger = { readPlayer: away, readLedger: away, readAchievements: away, setHidden: away };
    const without = await createTestRest(stores, { postgres, ledger, limits: free });
    for (const path of PATHS.slice(2)) {
      expectProblem(await without.ask(path, { as: 'tim' }), 503, 'ServiceUnavailable');
    }
    expectProblem(
      await without.ask('/api/v1/me/leaderboard', { method: 'PUT', as: 'tim', body: { visible: false } }),
      503,
      'ServiceUnavailable',
    );
  });
});
