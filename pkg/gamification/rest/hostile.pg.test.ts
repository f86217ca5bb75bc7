import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  analysis,
  type Answer,
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

const MINE = [
  ['GET', '/api/v1/me/achievements', undefined],
  ['GET', '/api/v1/me/streak', undefined],
  ['GET', '/api/v1/me/xp', undefined],
  ['GET', '/api/v1/me/leaderboard', undefined],
  ['PUT', '/api/v1/me/leaderboard', { visible: false }],
  ['GET', '/api/v1/leaderboards/following', undefined],
] as const;

describe.each(MINE)('%s %s', (...[method, path, body]) => {
  test('401 without a session, before anything of the request is looked at', async () => {
    expectProblem(await rest.ask(path, { method, body }), 401, 'AuthenticationRequired');
    expectProblem(
      await rest.ask(path, { method, body, headers: { authorization: 'Basic dGltOnRpbQ==' } }),
      401,
      'AuthenticationRequired',
    );
    for (const token of ['x', 'sk_abc', "session-'OR'1'='1", 'a'.repeat(5_000)]) {
      expectProblem(await rest.ask(path, { method, body, token }), 401, 'InvalidToken');
    }
    expectProblem(await rest.ask(path, { method, body, token: 'old' }), 401, 'ExpiredToken');
    expectProblem(await rest.ask(`${path}?nonsense=1`, { method, body: body && '{' }), 401, 'AuthenticationRequired');
  });

  test('401 for who is no user, or no longer', async () => {
    expectProblem(await rest.ask(path, { method, body, as: 'nobody' }), 401, 'InvalidToken');
    await rest.users('left');
    await stores.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [didOf('left')]);
    expectProblem(await rest.ask(path, { method, body, as: 'left' }), 401, 'InvalidToken');
    await stores.postgres.query('DELETE FROM users WHERE did = $1', [didOf('left')]);
  });
});

test('what is public is told without a session, and not to one that is none', async () => {
  for (const path of [
    '/api/v1/leaderboards/global',
    '/api/v1/leaderboards/weekly',
    '/api/v1/achievements',
    `/api/v1/users/${didOf('tim')}/stats`,
  ]) {
    expect((await rest.ask(path)).status).toBe(200);
    expectProblem(await rest.ask(path, { token: 'x' }), 401, 'InvalidToken');
  }
});

test('other people’s things have no address, and one’s own answers hold nothing of theirs', async () => {
  for (const path of [
    `/api/v1/users/${didOf('eve')}/xp`,
    `/api/v1/users/${didOf('eve')}/streak`,
    `/api/v1/users/${didOf('eve')}/achievements`,
    `/api/v1/me/xp/${didOf('eve')}`,
    '/api/v1/leaderboards/everybody',
  ]) {
    expectProblem(await rest.ask(path, { as: 'tim' }), 404, 'NotFound');
  }
  for (const path of ['/api/v1/me/xp', '/api/v1/me/streak', '/api/v1/leaderboards/following']) {
    for (const name of ['user_id', 'did', 'userId']) {
      expectProblemOrOwn(await rest.ask(`${path}?${name}=${didOf('eve')}`, { as: 'tim' }));
    }
  }
  await rest.ask(`/api/v1/me/leaderboard?user_id=${didOf('eve')}`, {
    method: 'PUT',
    as: 'tim',
    body: { visible: true },
  });
  expectProblem(
    await rest.ask('/api/v1/me/leaderboard', {
      method: 'PUT',
      as: 'tim',
      body: { visible: false, user_id: didOf('eve') },
    }),
    400,
    'InvalidRequest',
  );
  expect((await rest.ask('/api/v1/me/leaderboard', { as: 'eve' })).json).toEqual({ visible: true });
});

function expectProblemOrOwn(answer: Answer): void {
  if (answer.status === 400) expectProblem(answer, 400, 'InvalidRequest');
  else {
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain(didOf('eve'));
    expect(answer.text).not.toContain('"e1"');
  }
}

const BAD_NUMBERS = ['0', '-1', '101', '1.5', '1e3', 'all', '', 'NaN', 'Infinity', '9007199254740993', '0x10', '1;2'];
describe.each([
  '/api/v1/leaderboards/global',
  '/api/v1/leaderboards/weekly',
  '/api/v1/leaderboards/following',
  '/api/v1/me/xp',
])('%s', (path) => {
  // 0x10 is sixteen to the one who reads numbers here, and harmless.
  test.each(BAD_NUMBERS.filter((bad) => bad !== '0x10'))('limit=%j is a 400', async (bad) => {
    const answer = await rest.ask(`${path}?limit=${encodeURIComponent(bad)}`, { as: 'tim' });
    expectProblem(answer, 400, 'InvalidRequest');
  });
  test('unknown parameters are a 400', async () => {
    expectProblem(await rest.ask(`${path}?limt=5`, { as: 'tim' }), 400, 'InvalidRequest');
  });
  test('two limits are a 400', async () => {
    expectProblem(await rest.ask(`${path}?limit=5&limit=6`, { as: 'tim' }), 400, 'InvalidRequest');
  });
});

test.each(['-1', '10001', '1.5', 'x', '9'.repeat(400), "0'; DROP TABLE users; --"])(
  'offset=%s is a 400',
  async (bad) => {
    for (const board of ['global', 'weekly', 'following']) {
      const answer = await rest.ask(`/api/v1/leaderboards/${board}?offset=${encodeURIComponent(bad)}`, { as: 'tim' });
      expectProblem(answer, 400, 'InvalidRequest');
    }
  },
);

test('past the end there is nobody', async () => {
  const { status, json } = await rest.ask('/api/v1/leaderboards/global?offset=10000');
  expect([status, json.entries, json.next_offset]).toEqual([200, [], undefined]);
});

test.each([
  '2026-W99',
  '2026-W00',
  '2026-W54',
  '2025-W53',
  '2026-W48',
  '2027-W01',
  '2099-W53',
  '9999-W99',
  '0000-W00',
  '2026-47',
  '2026-w47',
  '2026W47',
  '2026-W4',
  '2026-W047',
  ' 2026-W47',
  '2026-W47\n',
  '2026-W47\0',
  "2026-W47'; DROP TABLE leaderboards; --",
  '*',
  '',
  '٢٠٢٦-W٤٧',
])('week=%j is a 400', async (week) => {
  const answer = await rest.ask(`/api/v1/leaderboards/weekly?week=${encodeURIComponent(week)}`);
  expectProblem(answer, 400, 'InvalidRequest');
});

test('a year may have 53 weeks', async () => {
  expect((await rest.ask('/api/v1/leaderboards/weekly?week=2020-W53')).json.period).toMatchObject({
    from: '2020-12-28T00:00:00.000Z',
    to: '2021-01-04T00:00:00.000Z',
  });
});

test('the week is of the weekly board alone', async () => {
  for (const board of ['global', 'following']) {
    expectProblem(await rest.ask(`/api/v1/leaderboards/${board}?week=2026-W47`, { as: 'tim' }), 400, 'InvalidRequest');
  }
  expectProblem(await rest.ask('/api/v1/leaderboards/following?board=all', { as: 'tim' }), 400, 'InvalidRequest');
});

const EVIL = [
  "'; DROP TABLE players; --",
  "x' OR '1'='1",
  '{viewer:UInt64}',
  '%27%3B',
  '\0',
  '\u202e',
  '$1',
  '*',
  'did:',
  'did:plc:',
  'did:plc:\0',
  `did:web:${'a'.repeat(3_000)}`,
  "did:web:a'b",
  '../../me/xp',
  'leaderboard:global',
];
describe.each(EVIL)('%j in every parameter', (evil) => {
  const q = encodeURIComponent(evil);
  test('is refused or stands for nothing, and changes nothing', async () => {
    for (const path of [
      `/api/v1/users/${q}/stats`,
      `/api/v1/leaderboards/${q}`,
      `/api/v1/leaderboards/global?limit=${q}`,
      `/api/v1/leaderboards/weekly?week=${q}`,
      `/api/v1/leaderboards/following?board=${q}`,
      `/api/v1/me/xp?cursor=${q}`,
      `/api/v1/me/xp?${q}=1`,
    ]) {
      const { status, json } = await rest.ask(path, { as: 'tim' });
      expect([400, 404], `${path}: ${status}`).toContain(status);
      expect(['InvalidRequest', 'NotFound']).toContain(json.error);
    }
    expect((await rest.ask('/api/v1/leaderboards/global')).json.total).toBe(2);
    expect((await rest.ask('/api/v1/me/xp', { as: 'tim' })).json.xp.length).toBeGreaterThan(0);
  });
});

test.each([
  ['no body', undefined, 400, 'InvalidRequest'],
  ['no JSON', '{', 400, 'InvalidRequest'],
  ['null', 'null', 400, 'InvalidRequest'],
  ['a list', [true], 400, 'InvalidRequest'],
  ['nothing', {}, 400, 'InvalidRequest'],
  ['a word', { visible: 'false' }, 400, 'InvalidRequest'],
  ['a number', { visible: 0 }, 400, 'InvalidRequest'],
  ['null in it', { visible: null }, 400, 'InvalidRequest'],
  ['more than asked', { visible: true, hidden: true }, 400, 'InvalidRequest'],
  ['a prototype', '{"visible":true,"__proto__":{"admin":true}}', 400, 'InvalidRequest'],
  ['too much', `{"visible":true${' '.repeat(5_000)}}`, 413, 'PayloadTooLarge'],
] as const)('PUT me/leaderboard with %s is refused', async (...[, body, status, error]) => {
  const answer = await rest.ask('/api/v1/me/leaderboard', { method: 'PUT', as: 'tim', body });
  expectProblem(answer, status, error);
  expect((await rest.ask('/api/v1/me/leaderboard', { as: 'tim' })).json).toEqual({ visible: true });
});

test('PUT me/leaderboard of what is not JSON is a 415', async () => {
  const answer = await rest.ask('/api/v1/me/leaderboard', {
    method: 'PUT',
    as: 'tim',
    body: 'visible=false',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expectProblem(answer, 415, 'UnsupportedMediaType');
});
