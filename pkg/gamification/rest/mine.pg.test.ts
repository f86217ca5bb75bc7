import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ACHIEVEMENTS } from '../rules/achievements/catalogue.ts';
import {
  analysis,
  createTestRest,
  didOf,
  fourUsers,
  NOW,
  openRestStores,
  type RestStores,
  type TestRest,
  xpOf,
} from './rest-for-tests.ts';

let stores: RestStores;
let rest: TestRest;
beforeAll(async () => {
  stores = await openRestStores();
});
beforeEach(async () => {
  rest = await createTestRest(stores);
});
afterAll(() => stores[Symbol.asyncDispose]());

const sql = (text: string, params: unknown[] = []) => stores.postgres.query(text, params);

describe('stats', () => {
  test('what Postgres and the leaderboard say', async () => {
    await fourUsers(rest);
    const { status, json } = await rest.ask(`/api/v1/users/${didOf('tim')}/stats`);
    const xp = await xpOf(stores, 'tim');
    const { rows } = await sql('SELECT FROM user_achievements WHERE user_id = $1', [didOf('tim')]);
    expect(status).toBe(200);
    expect(json).toEqual({
      did: didOf('tim'),
      handle: 'tim.example',
      xp_total: xp,
      level: Math.floor(xp / 1000),
      xp_to_next_level: 1000 - (xp % 1000),
      analyses: 1,
      streak: { current: 1, longest: 1 },
      achievements: rows.length,
      rank: 2,
    });
  });

  test('of a user who has earned nothing are zeros', async () => {
    await rest.users('zoe');
    expect((await rest.ask(`/api/v1/users/${didOf('zoe')}/stats`)).json).toEqual({
      did: didOf('zoe'),
      handle: 'zoe.example',
      xp_total: 0,
      level: 0,
      xp_to_next_level: 1000,
      analyses: 0,
      streak: { current: 0, longest: 0 },
      achievements: 0,
      rank: null,
    });
  });

  test('404 for nobody, for who has left, and for an account that is gone on the network', async () => {
    await fourUsers(rest);
    await sql('UPDATE users SET deleted_at = now() WHERE did = $1', [didOf('eve')]);
    await sql('UPDATE players SET inactive = true WHERE user_id = $1', [didOf('bob')]);
    for (const name of ['nobody', 'eve', 'bob']) {
      expect((await rest.ask(`/api/v1/users/${didOf(name)}/stats`)).status, name).toBe(404);
    }
  });

  test('are cached under user:stats:{user_id} for 5 minutes: what everybody may know, and nothing else', async () => {
    await fourUsers(rest);
    const { redis } = stores.redis;
    const path = `/api/v1/users/${didOf('tim')}/stats`;
    const { json } = await rest.ask(path, { as: 'tim' });
    const key = `user:stats:${didOf('tim')}`;
    const ttl = await redis.ttl(key);
    expect(ttl).toBeGreaterThan(290);
    expect(ttl).toBeLessThanOrEqual(300);
    const { did, handle, ...figures } = json;
    expect([did, handle]).toEqual([didOf('tim'), 'tim.example']);
    expect(JSON.parse((await redis.get(key)) ?? '')).toEqual(figures);
    await redis.set(key, JSON.stringify({ ...figures, xp_total: 12_345 }));
    expect((await rest.ask(path)).json.xp_total).toBe(12_345);
    for (const rubbish of ['', '{', '{}', '[]', JSON.stringify({ ...figures, level: 'high' })]) {
      await redis.set(key, rubbish);
      expect((await rest.ask(path)).json, rubbish).toEqual(json);
    }
    // What was earned since is told at once.
    await rest.settle(analysis('tim', 't2'));
    expect((await rest.ask(path)).json.analyses).toBe(2);
  });
});

describe('achievements', () => {
  test('the catalogue: cacheable, the same for everybody', async () => {
    const { json, headers } = await rest.ask('/api/v1/achievements');
    expect(json.achievements.map(({ slug }: { slug: string }) => slug)).toEqual(ACHIEVEMENTS.map(({ slug }) => slug));
    expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    const etag = headers.get('etag') ?? '';
    const again = await rest.ask('/api/v1/achievements', { headers: { 'if-none-match': etag } });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
  });

  test('mine: progress before, the moment after', async () => {
    await fourUsers(rest);
    const { json, headers } = await rest.ask('/api/v1/me/achievements', { as: 'tim' });
    expect(headers.get('cache-control')).toBe('no-store');
    const { rows } = await stores.postgres.query<{ slug: string; unlocked_at: Date }>(
      'SELECT slug, unlocked_at FROM user_achievements WHERE user_id = $1',
      [didOf('tim')],
    );
    expect(json.unlocked).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(0);
    const moments = new Map(rows.map(({ slug, unlocked_at }) => [slug, unlocked_at.toISOString()]));
    for (const { slug, progress, unlocked_at, criterion } of json.achievements) {
      expect(unlocked_at, slug).toBe(moments.get(slug) ?? null);
      expect(progress.threshold).toBe(criterion.threshold);
      if (unlocked_at !== null) expect(progress.value).toBe(progress.threshold);
      else expect(progress.value, slug).toBeLessThan(progress.threshold);
    }
    const counts = json.achievements.filter(
      ({ criterion, unlocked_at }: { criterion: { type: string }; unlocked_at: string | null }) =>
        criterion.type === 'timeline_count' && unlocked_at === null,
    );
    expect(counts.length).toBeGreaterThan(0);
    for (const { progress } of counts) expect(progress.value).toBe(1);
  });

  test('of who has earned nothing: all of them, none unlocked', async () => {
    await rest.users('zoe');
    const { json } = await rest.ask('/api/v1/me/achievements', { as: 'zoe' });
    expect([json.unlocked, json.achievements.length]).toEqual([0, ACHIEVEMENTS.length]);
  });
});

describe('my streak', () => {
  const streak = async () => (await rest.ask('/api/v1/me/streak', { as: 'tim' })).json;

  test('before, on the day, on the day after', async () => {
    await rest.users('tim');
    const none = { current: 0, longest: 0, last_activity_date: null, start_date: null, freezes_left: 0 };
    expect(await streak()).toEqual({ ...none, active_today: false, at_risk: false, next_judgement_at: null });
    await rest.settle(analysis('tim', 't0', '2026-11-19T23:59:59.999Z'), analysis('tim', 't1'));
    expect(await streak()).toEqual({
      current: 2,
      longest: 2,
      last_activity_date: '2026-11-20',
      start_date: '2026-11-19',
      freezes_left: 0,
      active_today: true,
      at_risk: false,
      next_judgement_at: '2026-11-21T00:00:00.000Z',
    });
    await rest.clock.advance(12 * 3_600_000);
    expect(await streak()).toMatchObject({
      current: 2,
      active_today: false,
      at_risk: true,
      next_judgement_at: '2026-11-22T00:00:00.000Z',
    });
  });
});

describe('my XP', () => {
  test('the ledger, newest first; the pages together are all of it, whatever was earned meanwhile', async () => {
    await rest.users('tim', 'eve');
    const ids = Array.from({ length: 12 }, (_, index) => `t${index}`);
    await rest.settle(...ids.map((id) => analysis('tim', id)), analysis('eve', 'e1'));
    const { rows } = await stores.postgres.query<{ id: number }>(
      'SELECT id FROM xp_transactions WHERE user_id = $1 ORDER BY id DESC',
      [didOf('tim')],
    );
    const seen: { id: number }[] = [];
    let cursor: string | undefined;
    do {
      const query: string = cursor === undefined ? '' : `&cursor=${cursor}`;
      const { status, json } = await rest.ask(`/api/v1/me/xp?limit=5${query}`, { as: 'tim' });
      expect(status).toBe(200);
      seen.push(...json.xp);
      if (cursor === undefined) await rest.settle(analysis('tim', 'meanwhile'));
      ({ cursor } = json);
    } while (cursor !== undefined);
    expect(seen.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  });

  test('each row as the ledger has it', async () => {
    await rest.users('tim');
    await rest.settle(analysis('tim', 't1', NOW, 'lift'));
    const { json } = await rest.ask('/api/v1/me/xp', { as: 'tim' });
    const { rows } = await sql(
      `SELECT id, event_type, event_id, xp_delta, xp_total, xp_multiplier, reason, is_bonus, bonus_reason, occurred_at
       FROM xp_transactions WHERE user_id = $1 ORDER BY id DESC`,
      [didOf('tim')],
    );
    expect(json.xp).toEqual(JSON.parse(JSON.stringify(rows)));
    expect(json.xp.find(({ event_id }: { event_id: string }) => event_id === 't1')).toMatchObject({
      xp_delta: 15,
      xp_multiplier: 150,
      occurred_at: NOW,
    });
    expect(json.cursor).toBeUndefined();
  });
});
