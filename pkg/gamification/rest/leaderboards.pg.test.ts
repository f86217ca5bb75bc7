import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  analysis,
  createTestRest,
  didOf,
  fourUsers,
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

const names = (entries: { user_id: string }[]) =>
  entries.map(({ user_id }) => user_id.slice('did:plc:'.length).replace(/a+$/, ''));
const ranks = (entries: { rank: number }[]) => entries.map(({ rank }) => rank);

describe('leaderboards', () => {
  test('global: best first, the same XP has the same rank, names and levels with it', async () => {
    await fourUsers(rest);
    const { status, json } = await rest.ask('/api/v1/leaderboards/global');
    expect(status).toBe(200);
    expect(json).toMatchObject({ board: 'global', period: null, total: 3, you: null });
    expect(ranks(json.entries)).toEqual([1, 2, 2]);
    expect(names(json.entries)[0]).toBe('bob');
    const bob = await xpOf(stores, 'bob');
    expect(json.entries[0]).toEqual({
      rank: 1,
      user_id: didOf('bob'),
      handle: 'bob.example',
      xp: bob,
      level: Math.floor(bob / 1000),
    });
    expect(bob).toBeGreaterThan(await xpOf(stores, 'eve'));
  });

  test('`you` is there wherever the page is, and null for who has no place', async () => {
    await fourUsers(rest);
    const first = await rest.ask('/api/v1/leaderboards/global?limit=1', { as: 'tim' });
    expect(names(first.json.entries)).toEqual(['bob']);
    expect(first.json.you).toMatchObject({ user_id: didOf('tim'), rank: 2, xp: await xpOf(stores, 'tim') });
    const none = await rest.ask('/api/v1/leaderboards/global', { as: 'zoe' });
    expect(none.json.you).toBeNull();
  });

  test('page by page everybody comes once, and the last page says that it is', async () => {
    await fourUsers(rest);
    const seen: string[] = [];
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const { json } = await rest.ask(`/api/v1/leaderboards/global?limit=2&offset=${offset}`);
      seen.push(...names(json.entries));
      offset = json.next_offset;
    }
    expect(seen.toSorted()).toEqual(['bob', 'eve', 'tim']);
  });

  test('weekly: the XP of this week, and of the week that is asked for', async () => {
    await fourUsers(rest);
    await rest.settle(analysis('eve', 'before', '2026-11-13T10:00:00Z'));
    const now = await rest.ask('/api/v1/leaderboards/weekly', { as: 'eve' });
    expect(now.json.period).toEqual({
      week: '2026-W47',
      from: '2026-11-16T00:00:00.000Z',
      to: '2026-11-23T00:00:00.000Z',
      final: false,
    });
    expect(names(now.json.entries)[0]).toBe('bob');
    const before = await rest.ask('/api/v1/leaderboards/weekly?week=2026-W46', { as: 'eve' });
    expect(before.json.period).toMatchObject({ week: '2026-W46', final: false });
    expect(names(before.json.entries)).toEqual(['eve']);
    const { rows } = await stores.postgres.query<{ week: string; xp: number }>(
      'SELECT week, xp FROM weekly_xp WHERE user_id = $1 ORDER BY week',
      [didOf('eve')],
    );
    expect([before.json.you.xp, now.json.you.xp]).toEqual(rows.map(({ xp }) => xp));
  });

  test('a week that is archived: as it ended, without those who hid or left since', async () => {
    await fourUsers(rest);
    for (const [rank, name] of [
      [1, 'eve'],
      [2, 'zoe'],
      [2, 'tim'],
      [4, 'bob'],
    ] as const) {
      await sql('INSERT INTO leaderboards (period, rank, user_id, xp) VALUES ($1, $2, $3, $4)', [
        '2026-W40',
        rank,
        didOf(name),
        100 - rank,
      ]);
    }
    await rest.ledger.setHidden(didOf('tim'), true);
    await sql('UPDATE users SET deleted_at = now() WHERE did = $1', [didOf('eve')]);
    const { json } = await rest.ask('/api/v1/leaderboards/weekly?week=2026-W40', { as: 'bob' });
    expect(json.period).toMatchObject({ week: '2026-W40', final: true });
    expect([names(json.entries), ranks(json.entries)]).toEqual([
      ['zoe', 'bob'],
      [2, 4],
    ]);
    expect(json.you).toMatchObject({ rank: 4, xp: 96 });
    expect(json.total).toBe(4);
    const own = await rest.ask('/api/v1/leaderboards/weekly?week=2026-W40', { as: 'tim' });
    expect(names(own.json.entries)).toContain('tim');
  });

  test('a week of which nothing is kept has nobody', async () => {
    const { status, json } = await rest.ask('/api/v1/leaderboards/weekly?week=2025-W10');
    expect([status, json.total, json.entries]).toEqual([200, 0, []]);
  });

  test('following: you among those whom you follow, ranked among yourselves', async () => {
    await fourUsers(rest);
    rest.follows.set(didOf('tim'), [didOf('eve'), didOf('nobody'), didOf('zoe')]);
    for (const board of ['', '?board=global', '?board=weekly']) {
      const { json } = await rest.ask(`/api/v1/leaderboards/following${board}`, { as: 'tim' });
      expect(names(json.entries).toSorted(), board).toEqual(['eve', 'tim']);
      expect(ranks(json.entries)).toEqual([1, 1]);
      expect(json).toMatchObject({ board: 'following', total: 2, you: { user_id: didOf('tim'), rank: 1 } });
      expect(json.period?.week).toBe(board.endsWith('weekly') ? '2026-W47' : undefined);
    }
    rest.follows.set(didOf('tim'), [didOf('bob')]);
    const after = await rest.ask('/api/v1/leaderboards/following?limit=1&offset=1', { as: 'tim' });
    expect([names(after.json.entries), ranks(after.json.entries)]).toEqual([['tim'], [2]]);
  });

  test('following: 503 while the index is away', async () => {
    await rest.users('tim');
    rest.follows.set(didOf('tim'), 'away');
    const { status, json, headers } = await rest.ask('/api/v1/leaderboards/following', { as: 'tim' });
    expect([status, json.error, headers.get('retry-after')]).toEqual([503, 'ServiceUnavailable', '5']);
  });
});

describe('hiding', () => {
  const boards = ['/api/v1/leaderboards/global', '/api/v1/leaderboards/weekly', '/api/v1/leaderboards/following'];
  const everywhere = async (viewer: string): Promise<string[]> => {
    const found: string[] = [];
    for (const path of boards) found.push(...names((await rest.ask(path, { as: viewer })).json.entries));
    return found;
  };

  test('takes effect at once, everywhere, and ends at once; others move up', async () => {
    await fourUsers(rest);
    rest.follows.set(didOf('tim'), [didOf('bob'), didOf('eve')]);
    expect((await rest.ask('/api/v1/me/leaderboard', { as: 'bob' })).json).toEqual({ visible: true });
    expect((await rest.ask(`/api/v1/users/${didOf('bob')}/stats`)).status).toBe(200);

    const off = await rest.ask('/api/v1/me/leaderboard', { method: 'PUT', as: 'bob', body: { visible: false } });
    expect([off.status, off.json]).toEqual([200, { visible: false }]);
    expect((await rest.ask('/api/v1/me/leaderboard', { as: 'bob' })).json).toEqual({ visible: false });
    expect(await everywhere('tim')).not.toContain('bob');
    expect((await rest.ask('/api/v1/leaderboards/global', { as: 'tim' })).json.you.rank).toBe(1);
    expect((await rest.ask('/api/v1/leaderboards/global', { as: 'bob' })).json.you).toBeNull();
    // Neither from the cache, which knew them.
    expect((await rest.ask(`/api/v1/users/${didOf('bob')}/stats`)).status).toBe(404);
    expect((await rest.ask(`/api/v1/users/${didOf('bob')}/stats`, { as: 'tim' })).status).toBe(404);
    expect((await rest.ask(`/api/v1/users/${didOf('bob')}/stats`, { as: 'bob' })).json).toMatchObject({ rank: null });
    // What is earned meanwhile brings nobody back.
    await rest.settle(analysis('bob', 'b3'));
    expect(await everywhere('tim')).not.toContain('bob');

    await rest.ask('/api/v1/me/leaderboard', { method: 'PUT', as: 'bob', body: { visible: true } });
    expect((await everywhere('tim')).filter((name) => name === 'bob')).toHaveLength(3);
  });

  test('holds even where Redis was not told', async () => {
    await fourUsers(rest);
    await rest.ledger.setHidden(didOf('bob'), true);
    await sql('UPDATE users SET deleted_at = now() WHERE did = $1', [didOf('eve')]);
    const { json } = await rest.ask('/api/v1/leaderboards/global', { as: 'tim' });
    expect(names(json.entries)).toEqual(['tim']);
  });

  test('is possible before anything was earned', async () => {
    await rest.users('zoe');
    await rest.ask('/api/v1/me/leaderboard', { method: 'PUT', as: 'zoe', body: { visible: false } });
    await rest.settle(analysis('zoe', 'z1'));
    expect(await everywhere('zoe')).toEqual([]);
    expect(await xpOf(stores, 'zoe')).toBeGreaterThan(0);
  });
});
