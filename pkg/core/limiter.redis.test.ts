import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestCore, openTestStores, type TestCore, type TestStores } from './core-for-tests.ts';
import { DEFAULT_LIMITS } from './limits.ts';

let stores: TestStores;
let core: TestCore;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores[Symbol.asyncDispose]());
beforeEach(async () => {
  await stores.redis.redis.flushall();
  core = createTestCore(stores, {
    limits: {
      requests: { count: 1000, windowSeconds: 60 },
      tiers: {
        ...DEFAULT_LIMITS.tiers,
        drift: { ...DEFAULT_LIMITS.tiers.drift, concurrentAnalyses: 1000 },
        lift: { ...DEFAULT_LIMITS.tiers.lift, concurrentAnalyses: 1000 },
      },
    },
  });
});

const analyze = (token: string, from = core) => from.ask('/api/v1/timeline/analyze', { token, body: { type: 'flow' } });
const redisPid = () => Number(readFileSync(join(stores.folder, 'redis', 'server.pid'), 'utf8'));

/** Kills Redis and waits until we are connected to the one that follows it. */
async function restartRedis(): Promise<void> {
  const closed = once(stores.redis.redis, 'close');
  process.kill(redisPid(), 'SIGKILL');
  await closed;
  await expect.poll(() => stores.redis.redis.status, { timeout: 20_000 }).toBe('ready');
}

describe('analyses an hour', () => {
  test('of 200 at once, from two processes, exactly the tier’s number is let through', async () => {
    const { did, token } = await core.signIn('lift');
    const other = createTestCore(stores, {
      limits: {
        tiers: { ...DEFAULT_LIMITS.tiers, lift: { ...DEFAULT_LIMITS.tiers.lift, concurrentAnalyses: 1000 } },
        requests: { count: 1000, windowSeconds: 60 },
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => analyze(token, index % 2 === 0 ? core : other)),
    );
    const accepted = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 429);
    expect([accepted.length, refused.length]).toEqual([20, 180]);
    const { rows } = await stores.postgres.query<{ n: number }>(
      'SELECT count(*) AS n FROM analysis_requests WHERE user_id = $1',
      [did],
    );
    expect(rows[0]?.n).toBe(20);
    const [first] = refused;
    expect(first?.body.error).toBe('rate_limit_exceeded');
    expect(Number(first?.headers.get('retry-after'))).toBeGreaterThan(3500);
    expect(first?.headers.get('ratelimit-limit')).toBe('20');
    expect(first?.headers.get('ratelimit-remaining')).toBe('0');
    expect(first?.headers.get('ratelimit-policy')).toBe('20;w=3600');
    expect(await core.registry.metrics()).toMatch(/skyflow_rate_limited_total\{limit="analyses"\} \d{2}/);
  });

  test('the headers count down', async () => {
    const { token } = await core.signIn('drift');
    const left = [];
    for (let index = 0; index < 3; index += 1) left.push((await analyze(token)).headers.get('ratelimit-remaining'));
    expect(left).toEqual(['4', '3', '2']);
    const { limits } = (await core.ask('/api/v1/me', { token })).body;
    expect(limits).toMatchObject({ analyses_per_hour: 5, analyses_left: 2 });
    expect(Date.parse(limits.analyses_reset_at)).toBeGreaterThan(Date.now() + 3_500_000);
  });

  test('a higher tier has more from then on, less what was used', async () => {
    const { did, token } = await core.signIn('drift');
    for (let index = 0; index < 6; index += 1) await analyze(token);
    await stores.postgres.query(`UPDATE users SET tier = 'lift' WHERE did = $1`, [did]);
    const { status, headers } = await analyze(token);
    expect([status, headers.get('ratelimit-remaining')]).toEqual([202, '13']);
  });

  test('one user’s use is nobody else’s, and orbit has no end', async () => {
    const [alice, bob, olga] = [await core.signIn(), await core.signIn(), await core.signIn('orbit')];
    for (let index = 0; index < 6; index += 1) await analyze(alice.token);
    expect((await analyze(bob.token)).status).toBe(202);
    const { status, headers } = await analyze(olga.token);
    expect([status, headers.get('ratelimit-limit')]).toEqual([202, '1000']);
    expect((await core.ask('/api/v1/me', { token: olga.token })).body.limits).toMatchObject({
      analyses_per_hour: null,
      analyses_left: null,
      analyses_reset_at: null,
    });
  });
});

describe('Redis restarts', () => {
  test('neither is a limit forgotten nor is anybody locked out', async () => {
    const [used, fresh] = [await core.signIn(), await core.signIn()];
    for (let index = 0; index < 5; index += 1) expect((await analyze(used.token)).status).toBe(202);
    expect((await analyze(fresh.token)).status).toBe(202);
    await restartRedis();
    expect((await analyze(used.token)).status).toBe(429);
    const { status, headers } = await analyze(fresh.token);
    expect([status, headers.get('ratelimit-remaining')]).toEqual([202, '3']);
    // Every count still ends by itself.
    const keys = await stores.redis.redis.keys('limit:*');
    expect(keys.length).toBeGreaterThanOrEqual(4);
    for (const key of keys) {
      const ttl = await stores.redis.redis.pttl(key);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(3_600_000);
    }
  });

  test('a window that has passed gives everything back', async () => {
    const { did, token } = await core.signIn();
    for (let index = 0; index < 6; index += 1) await analyze(token);
    expect((await analyze(token)).status).toBe(429);
    await restartRedis();
    await stores.redis.redis.pexpire(`limit:analyses:${did}`, 1);
    await expect.poll(() => stores.redis.redis.exists(`limit:analyses:${did}`)).toBe(0);
    expect((await analyze(token)).headers.get('ratelimit-remaining')).toBe('4');
  });

  test('while it is away the answer is 503 at once, for everything that must be counted, and never unlimited', async () => {
    const { did, token } = await core.signIn();
    stores.redis.redis.disconnect();
    const answers = await Promise.all([
      analyze(token),
      core.ask('/api/v1/me', { token }),
      core.ask('/api/v1/auth/login', { body: { identifier: did, password: 'x' } }),
      core.ask('/api/v1/auth/refresh', { body: { refresh_token: 'x'.repeat(43) } }),
    ]);
    expect(answers.map(({ status, body }) => [status, body.error])).toEqual(
      Array.from({ length: 4 }, () => [503, 'ServiceUnavailable']),
    );
    expect(answers.every(({ headers }) => headers.get('retry-after') === '5')).toBe(true);
    const { rows } = await stores.postgres.query('SELECT 1 FROM analysis_requests WHERE user_id = $1', [did]);
    expect(rows).toEqual([]);
    expect((await core.ask('/health')).status).toBe(200);
    await stores.redis.redis.connect();
    expect((await analyze(token)).status).toBe(202);
  });
});

describe('other limits', () => {
  test('120 requests a minute for a user, whichever route', async () => {
    const usual = createTestCore(stores);
    const { token } = await usual.signIn();
    const other = await usual.signIn();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        usual.ask(index % 2 === 0 ? '/api/v1/me' : '/api/v1/timeline/analyses', { token }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(120);
    expect((await usual.ask('/api/v1/me', { token: other.token })).status).toBe(200);
  });

  test('sign-ins by password for one account, however it is written; a token still signs in', async () => {
    const usual = createTestCore(stores);
    const login = (body: object) => usual.ask('/api/v1/auth/login', { body });
    const names = ['victim.test', '@victim.test', 'Victim.Test', ' victim.test'];
    const statuses = [];
    for (let index = 0; index < 12; index += 1) {
      statuses.push((await login({ identifier: names[index % names.length], password: 'x' })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 404), 429, 429]);
    expect((await login({ identifier: 'other.test', password: 'x' })).status).toBe(404);
    expect((await login({ token: 'a.b.c' })).status).toBe(401);
  });

  test('sign-ins from one address', async () => {
    const usual = createTestCore(stores);
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, index) =>
        usual.ask('/api/v1/auth/login', { body: { identifier: `a${index}.test`, password: 'x' } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(60);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
  });
});
