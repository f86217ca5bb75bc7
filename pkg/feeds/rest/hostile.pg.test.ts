import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemSchema } from '#pkg/rest/problem.ts';
import { SCOPES } from '../rules/api-keys.ts';
import { emptyRules } from '../rules/rules-for-tests.ts';
import { feedOf } from './parts-for-tests.ts';
import { createTestRest, HANDLES, openRestStores, type RestStores, type TestRest } from './rest-for-tests.ts';

const ALICE = HANDLES['alice.example'] ?? '';
const POST = `at://${ALICE}/app.bsky.feed.post/3l3qo2vutsw2b`;
const free = { count: Infinity, windowSeconds: 60 };
const limits = { requests: free, keyAttempts: free, keyRequests: free };

let stores: RestStores;
let rest: TestRest;
let all: string;
beforeAll(async () => {
  stores = await openRestStores();
  await emptyRules(stores.rules.postgres);
  const own = feedOf({ rkey: 'flow', personal: true });
  rest = await createTestRest(stores, [feedOf(), own, feedOf({ rkey: 'club', visibility: 'members' })], { limits });
  all = await rest.key(...SCOPES);
});
afterAll(() => stores[Symbol.asyncDispose]());

type Answer = Awaited<ReturnType<TestRest['ask']>>;
function expectProblem(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.json?.error]).toEqual([status, error]);
  expect(problemSchema.strict().safeParse(answer.json).success).toBe(true);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.json.request_id).toBe(answer.headers.get('x-request-id'));
}

const ADMIN = [
  ['GET', '/api/admin/feed_members?rkey=hot', undefined, 'members:read'],
  ['PUT', '/api/admin/feed_members?rkey=hot', { members: [ALICE] }, 'members:write'],
  ['DELETE', '/api/admin/feed_members?rkey=hot', { members: [ALICE] }, 'members:write'],
  ['GET', '/api/admin/bans', undefined, 'bans:read'],
  ['PUT', '/api/admin/bans', { subject: ALICE }, 'bans:write'],
  ['DELETE', `/api/admin/bans?subject=${ALICE}`, undefined, 'bans:write'],
  ['GET', '/api/admin/feeds', undefined, 'feeds:read'],
  ['GET', '/api/admin/feeds/hot/stats', undefined, 'stats:read'],
] as const;

describe.each(ADMIN)('%s %s', (...[method, path, body, scope]) => {
  test('401 without a key, and with one that is none, revoked or expired', async () => {
    expectProblem(await rest.ask(path, { method, body }), 401, 'AuthenticationRequired');
    const revoked = await rest.rules.keys.createKey({ name: 'x', scopes: [scope] });
    await rest.rules.keys.revokeKey(revoked.key.id);
    const { secret: expired } = await rest.rules.keys.createKey({
      name: 'x',
      scopes: [scope],
      expiresAt: new Date(rest.clock.nowMs()),
    });
    const forged = `sk_${'a'.repeat(43)}`;
    for (const token of ['sk_', forged, `session-${ALICE}`, revoked.secret, expired, `${all}x`, all.slice(3)]) {
      expectProblem(await rest.ask(path, { method, body, token }), 401, 'InvalidToken');
    }
    // Before anything else is looked at.
    if (body !== undefined) {
      expectProblem(await rest.ask(path, { method, body: '{', token: forged }), 401, 'InvalidToken');
    }
  });

  test('403 with a key of every other scope, 200 with this one alone', async () => {
    const others = await rest.key(...SCOPES.filter((one) => one !== scope));
    expectProblem(await rest.ask(path, { method, body, token: others }), 403, 'InsufficientScope');
    expect((await rest.ask(path, { method, body, token: await rest.key(scope) })).status).toBe(200);
  });
});

const SQL = [
  "'; DROP TABLE feed_members; --",
  "hot' OR '1'='1",
  '{viewer:UInt64}',
  '%27%3B',
  '\0',
  '\u202e',
  '$1',
  '../../etc',
];
describe.each(SQL)('%j in every parameter', (evil) => {
  const q = encodeURIComponent(evil);
  test('is refused or stands for nothing, and changes nothing', async () => {
    const before = rest.asked.length;
    for (const [method, path, body] of [
      ['GET', `/api/v1/feeds/${q}`, undefined],
      ['GET', `/api/v1/feeds/${q}/avatar`, undefined],
      ['GET', `/api/v1/feeds/${q}/explain?uri=${POST}`, undefined],
      ['GET', `/api/v1/feeds/hot/explain?uri=${q}`, undefined],
      ['GET', `/api/v1/feeds/hot/explain?uri=${POST}&viewer=${q}`, undefined],
      [
        'GET',
        `/api/v1/feeds/hot/explain?uri=${encodeURIComponent(`at://${ALICE}/app.bsky.feed.post/${evil}`)}`,
        undefined,
      ],
      ['GET', `/feeds/${q}.rss`, undefined],
      ['GET', `/api/admin/feed_members?rkey=${q}`, undefined],
      ['GET', `/api/admin/feed_members?rkey=hot&limit=${q}`, undefined],
      ['PUT', `/api/admin/feed_members?rkey=${q}`, { members: [ALICE] }],
      ['PUT', `/api/admin/feed_members?rkey=hot&replace=${q}`, { members: [ALICE] }],
      ['PUT', `/api/admin/feed_members?rkey=hot`, { members: [ALICE, evil] }],
      ['DELETE', `/api/admin/feed_members?rkey=hot`, { members: [evil] }],
      ['PUT', '/api/admin/bans', { subject: evil }],
      ['PUT', '/api/admin/bans', { subject: `at://${ALICE}/app.bsky.feed.post/${evil}` }],
      ['DELETE', `/api/admin/bans?subject=${q}`, undefined],
      ['GET', `/api/admin/feeds/${q}/stats`, undefined],
      ['GET', `/api/admin/feeds/hot/stats?days=${q}`, undefined],
    ] as const) {
      const { status, json } = await rest.ask(path, {
        method,
        body,
        token: path.startsWith('/feeds') ? undefined : all,
      });
      expect([400, 404], `${method} ${path}: ${status}`).toContain(status);
      expect(['InvalidRequest', 'NotFound', 'AccountNotFound']).toContain(json.error);
    }
    // Cursors and reasons are any text: values, never SQL.
    await rest.ask(`/api/admin/bans?cursor=${q}`, { token: all });
    await rest.ask('/api/admin/bans', { method: 'PUT', token: all, body: { subject: POST, reason: evil } });
    await rest.ask('/api/admin/bans', { method: 'DELETE', token: all });
    expect(rest.asked.length).toBe(before);
    await rest.rules.write.unban(POST);
    const { rows } = await stores.rules.postgres.query<{ n: number }>(
      `SELECT (SELECT count(*) FROM feed_members) + (SELECT count(*) FROM feed_bans) AS n`,
    );
    expect(rows[0]?.n).toBe(0);
  });
});

test.each([
  ['a limit of 0', 'GET', '/api/admin/feed_members?rkey=hot&limit=0', undefined],
  ['1,001', 'GET', '/api/admin/feed_members?rkey=hot&limit=1001', undefined],
  ['-1', 'GET', '/api/admin/bans?limit=-1', undefined],
  ['no rkey', 'GET', '/api/admin/feed_members', undefined],
  ['an unknown question', 'GET', '/api/admin/feed_members?rkey=hot&all=1', undefined],
  ['days', 'GET', '/api/admin/feeds/hot/stats?days=91', undefined],
  ['no members', 'PUT', '/api/admin/feed_members?rkey=hot', {}],
  ['members that are none', 'PUT', '/api/admin/feed_members?rkey=hot', { members: [7, null] }],
  ['a field too much', 'PUT', '/api/admin/feed_members?rkey=hot', { members: [], admin: true }],
  [
    '10,001 members',
    'PUT',
    '/api/admin/feed_members?rkey=hot',
    { members: Array.from({ length: 10_001 }, () => ALICE) },
  ],
  [
    '501 handles',
    'PUT',
    '/api/admin/feed_members?rkey=hot',
    { members: Array.from({ length: 501 }, (_, n) => `h${n}.example`) },
  ],
  ['a prototype', 'PUT', '/api/admin/bans', '{"__proto__":{"subject":"did:plc:x"}}'],
  ['a list', 'PUT', '/api/admin/bans', []],
  ['half a body', 'PUT', '/api/admin/bans', '{"subject":'],
  ['a long reason', 'PUT', '/api/admin/bans', { subject: ALICE, reason: 'x'.repeat(1_001) }],
  ['a NUL', 'PUT', '/api/admin/bans', { subject: ALICE, reason: 'a\0b' }],
  ['a like', 'PUT', '/api/admin/bans', { subject: `at://${ALICE}/app.bsky.feed.like/3l3qo2vutsw2b` }],
])('400 for %s', async (...[, method, path, body]) => {
  expectProblem(await rest.ask(path, { method, body, token: all }), 400, 'InvalidRequest');
});

test('413 for a body beyond the limit, 415 for another type, 404 for what is not there', async () => {
  const path = '/api/admin/feed_members?rkey=hot';
  const members = Array.from({ length: 9_999 }, (_, index) => `did:web:${'x'.repeat(110)}${index}.example`);
  expectProblem(await rest.ask(path, { method: 'PUT', body: { members }, token: all }), 413, 'PayloadTooLarge');
  const headers = { 'content-type': 'text/plain' };
  expectProblem(
    await rest.ask(path, { method: 'PUT', body: '{"members":[]}', token: all, headers }),
    415,
    'UnsupportedMediaType',
  );
  for (const nothing of [
    '/api/v1/feeds/none',
    '/feeds/none.rss',
    '/feeds/hot.xml',
    '/feeds/flow.rss',
    '/feeds/club.rss',
    '/api/v1/feeds/club',
  ]) {
    expectProblem(await rest.ask(nothing), 404, 'NotFound');
  }
  expectProblem(
    await rest.ask('/api/admin/feed_members?rkey=none', { method: 'PUT', body: { members: [] }, token: all }),
    404,
    'NotFound',
  );
});

test('whose form of a feed may be asked for', async () => {
  const path = `/api/v1/feeds/flow/explain?uri=${POST}`;
  const session = `session-${ALICE}`;
  expect((await rest.ask(path)).status).toBe(200);
  expect((await rest.ask(path, { token: session })).status).toBe(200);
  expect((await rest.ask(`${path}&viewer=${ALICE}`, { token: session })).status).toBe(200);
  expectProblem(await rest.ask(`${path}&viewer=bob.example`, { token: session }), 403, 'InsufficientScope');
  expectProblem(await rest.ask(`${path}&viewer=${ALICE}`), 403, 'InsufficientScope');
  expectProblem(await rest.ask(path, { token: 'rubbish' }), 401, 'InvalidToken');
  expectProblem(await rest.ask(path, { headers: { authorization: 'Basic YTpi' } }), 401, 'AuthenticationRequired');
  expectProblem(await rest.ask(path, { token: await rest.key('bans:read') }), 403, 'InsufficientScope');
  const key = await rest.key('feeds:explain');
  expect((await rest.ask(`${path}&viewer=bob.example`, { token: key })).status).toBe(200);
  expectProblem(await rest.ask(`${path}&viewer=nobody.example`, { token: key }), 404, 'AccountNotFound');
  expectProblem(await rest.ask(`${path}&viewer=away.example`, { token: key }), 503, 'IdentityUnavailable');
  const club = `/api/v1/feeds/club/explain?uri=${POST}`;
  expectProblem(await rest.ask(club, { token: session }), 404, 'NotFound');
  await rest.rules.write.addMembers('club', [ALICE]);
  expect((await rest.ask(club, { token: session })).status).toBe(200);
  await rest.rules.write.removeMembers('club', [ALICE]);
});
