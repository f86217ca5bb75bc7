import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Query } from '#pkg/clickhouse/query.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { SCOPES } from '../rules/api-keys.ts';
import { emptyRules } from '../rules/rules-for-tests.ts';
import { feedOf, rankingOf } from './parts-for-tests.ts';
import { createTestRest, HANDLES, openRestStores, type RestStores, type TestRest } from './rest-for-tests.ts';

const [ALICE = '', BOB = ''] = Object.values(HANDLES);
const uri = `at://${ALICE}/app.bsky.feed.post/3l3qo2vutsw2b`;
const keys = createKeys('salt');
const id = keys.actorId(ALICE);
const tid = keys.recordKey('app.bsky.feed.post', '3l3qo2vutsw2b').key;

let stores: RestStores;
let rest: TestRest;
let all: string;
let text: string;
const avatar = join(tmpdir(), `skyflow-avatar-${process.pid}.png`);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);
const feeds = [
  feedOf({ avatar }),
  feedOf({ rkey: 'flow', personal: true, publicForm: 'hot' }),
  feedOf({ rkey: 'club', visibility: 'members' }),
];
/** Says what the one post of these tests says. */
const store: Pick<ClickHouse, 'query'> = {
  query: async <P extends Record<string, unknown>, R>({ name }: Query<P, R>) =>
    (name === 'feed_texts'
      ? [{ author: String(id), key: String(tid), body: text, posted_ms: '1700000000000' }]
      : []) as R[],
};
beforeAll(async () => {
  stores = await openRestStores();
  await writeFile(avatar, PNG);
});
afterAll(async () => {
  await rm(avatar, { force: true });
  await stores[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await emptyRules(stores.rules.postgres);
  await stores.redis.redis.flushall();
  text = 'a < b & c';
  rest = await createTestRest(stores, feeds, { store: store as ClickHouse });
  all = await rest.key(...SCOPES);
});

describe('what anybody may read', () => {
  test('the public feeds, where they are published and how fresh they are', async () => {
    await rest.rules.write.recordPublication({ rkey: 'hot', publisherDid: ALICE, cid: 'x' });
    const { json } = await rest.ask('/api/v1/feeds');
    expect(json.feeds.map(({ rkey }: { rkey: string }) => rkey)).toEqual(['hot', 'flow']);
    expect(json.feeds[0]).toMatchObject({
      display_name: 'Hot',
      uris: [`at://${ALICE}/app.bsky.feed.generator/hot`],
      avatar: 'https://skyflow.test/api/v1/feeds/hot/avatar',
      personal: false,
      syndication: { rss: 'https://skyflow.test/feeds/hot.rss' },
      health: { ranked_at: new Date(rest.clock.nowMs()).toISOString(), posts: 3, stale: false },
    });
    expect(json.feeds[1]).toMatchObject({ personal: true, public_form: 'hot', health: null, uris: [] });
    expect((await rest.ask('/api/v1/feeds/hot')).json).toEqual(json.feeds[0]);
  });

  test('the picture, once', async () => {
    const response = await rest.app.request('/api/v1/feeds/hot/avatar');
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(PNG);
    const headers = { 'if-none-match': response.headers.get('etag') ?? '' };
    expect((await rest.ask('/api/v1/feeds/hot/avatar', { headers })).status).toBe(304);
    expect((await rest.ask('/api/v1/feeds/flow/avatar')).status).toBe(404);
  });

  test('more often than allowed from one address: 429, with when to come again', async () => {
    rest = await createTestRest(stores, feeds, { limits: { requests: { count: 2, windowSeconds: 60 } } });
    const statuses = [];
    for (let index = 0; index < 3; index += 1) statuses.push((await rest.ask('/api/v1/feeds')).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await rest.ask('/feeds/hot.rss');
    expect(refused.json.error).toBe('rate_limit_exceeded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('feeds for readers without an account', () => {
  beforeEach(() => {
    const post = { uri, actorId: id, tid, score: 1, langs: [], tags: [] };
    rest.rankings.set('hot', rankingOf(feedOf(), [post], rest.clock.nowMs()));
  });

  test.each(['rss', 'atom', 'json'])('as %s, sent once', async (format) => {
    const first = await rest.ask(`/feeds/hot.${format}`);
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toContain(format);
    expect(first.text).toContain(`https://bsky.app/profile/${ALICE}/post/3l3qo2vutsw2b`);
    expect(first.text).toContain(format === 'json' ? 'a < b & c' : 'a &lt; b &amp; c');
    const etag = first.headers.get('etag') ?? '';
    const since = first.headers.get('last-modified') ?? '';
    expect((await rest.ask(`/feeds/hot.${format}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await rest.ask(`/feeds/hot.${format}`, { headers: { 'if-modified-since': since } })).status).toBe(304);
    // Another ranking of the same posts is nothing new.
    await rest.clock.advance(60_000);
    const again = await rest.ask(`/feeds/hot.${format}`);
    expect([again.headers.get('etag'), again.headers.get('last-modified')]).toEqual([etag, since]);
    text = 'another';
    expect((await rest.ask(`/feeds/hot.${format}`)).text).toBe(first.text);
    await rest.clock.advance(5_000);
    const changed = await rest.ask(`/feeds/hot.${format}`, { headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('last-modified')).not.toBe(since);
  });

  test('a personal feed in the form for those whom we do not know; without a ranking none of the posts', async () => {
    expect((await rest.ask('/feeds/flow.rss')).text).toContain('3l3qo2vutsw2b');
    rest.rankings.clear();
    await rest.clock.advance(5_000);
    const empty = await rest.ask('/feeds/flow.rss');
    expect([empty.status, empty.text.includes('<item>')]).toEqual([200, false]);
  });

  test('without posts that are hidden by now', async () => {
    rest = await createTestRest(stores, feeds, { hidden: { why: () => 'deleted' } });
    rest.rankings.set('hot', rankingOf(feedOf(), [{ uri, actorId: id, tid, score: 1, langs: [], tags: [] }], 1));
    expect((await rest.ask('/feeds/hot.rss')).text).not.toContain('3l3qo2vutsw2b');
  });
});

describe('the operator’s programs', () => {
  test('add, page, replace and remove members by DID and handle', async () => {
    const path = '/api/admin/feed_members?rkey=club';
    const put = (members: string[], more = '') =>
      rest.ask(path + more, { method: 'PUT', token: all, body: { members } });
    expect((await put(['bob.example', ALICE, ALICE])).json).toEqual({ changed: 2 });
    const first = (await rest.ask(`${path}&limit=1`, { token: all })).json;
    expect(first.members.map(({ did }: { did: string }) => did)).toEqual([ALICE]);
    const second = (await rest.ask(`${path}&limit=1&cursor=${first.cursor}`, { token: all })).json;
    expect(second).toEqual({ members: [{ did: BOB, added_at: new Date(rest.clock.nowMs()).toISOString() }] });
    expect((await put([BOB], '&replace=true')).json).toEqual({ changed: 1 });
    expect([...rest.rules.members('club')]).toEqual([BOB]);
    expect((await put(['alice.example', 'nobody.example'])).json).toMatchObject({
      error: 'AccountNotFound',
      message: 'Nobody.example: nobody answers to it.',
    });
    expect((await put(['away.example'])).status).toBe(503);
    expect([...rest.rules.members('club')]).toEqual([BOB]);
    const removed = await rest.ask(path, { method: 'DELETE', token: all, body: { members: ['bob.example'] } });
    expect(removed.json).toEqual({ changed: 1 });
  });

  test('take 10,000 members in one call', async () => {
    const members = Array.from({ length: 10_000 }, (_, index) => `did:plc:${String(index).padStart(24, 'a')}`);
    const answer = await rest.ask('/api/admin/feed_members?rkey=club', {
      method: 'PUT',
      token: all,
      body: { members },
    });
    expect(answer.json).toEqual({ changed: 10_000 });
    expect(rest.rules.members('club').size).toBe(10_000);
  });

  test('ban and unban', async () => {
    const ban = (body: object) => rest.ask('/api/admin/bans', { method: 'PUT', token: all, body });
    expect((await ban({ subject: 'bob.example', reason: 'spam' })).json).toEqual({ changed: 1 });
    expect((await ban({ subject: uri })).json).toEqual({ changed: 1 });
    expect([rest.rules.isBanned(BOB), rest.rules.isBanned(uri)]).toEqual([true, true]);
    const { json } = await rest.ask('/api/admin/bans?limit=1', { token: all });
    expect([json.bans[0].subject, json.cursor]).toEqual([uri, uri]);
    const next = await rest.ask(`/api/admin/bans?cursor=${encodeURIComponent(json.cursor)}`, { token: all });
    expect(next.json.bans).toMatchObject([{ subject: BOB, reason: 'spam' }]);
    const lifted = await rest.ask('/api/admin/bans?subject=bob.example', { method: 'DELETE', token: all });
    expect(lifted.json).toEqual({ changed: 1 });
    expect(rest.rules.isBanned(BOB)).toBe(false);
  });

  test('see how feeds are doing, and how much they are read', async () => {
    const { json } = await rest.ask('/api/admin/feeds', { token: all });
    expect(json.feeds.map(({ rkey }: { rkey: string }) => rkey)).toEqual(['hot', 'flow', 'club']);
    expect(json.feeds[0].health).toMatchObject({ posts: 3, failures: 0, error: null });
    expect(json.problems).toEqual([{ folder: 'broken', mistakes: ['it has no feed.json'] }]);
    const stats = await rest.ask('/api/admin/feeds/hot/stats?days=3', { token: all });
    expect(stats.json.days).toMatchObject([{ requests: 3, first_pages: 2, interactions: { requestLess: 1 } }]);
  });

  test('are limited by key, and whoever tries keys by address', async () => {
    rest = await createTestRest(stores, feeds, { limits: { keyRequests: { count: 1, windowSeconds: 60 } } });
    const [one, two] = [await rest.key('bans:read'), await rest.key('bans:read')];
    const status = async (token: string) => (await rest.ask('/api/admin/bans', { token })).status;
    expect([await status(one), await status(one), await status(two)]).toEqual([200, 429, 200]);
    rest = await createTestRest(stores, feeds, { limits: { keyAttempts: { count: 5, windowSeconds: 60 } } });
    await stores.redis.redis.flushall();
    const tried = [];
    for (let index = 0; index < 6; index += 1) tried.push(await status(`sk_${String(index).repeat(43)}`));
    expect(tried).toEqual([401, 401, 401, 401, 401, 429]);
  });
});

test('the document describes every route, and two of it are no contradiction', async () => {
  const { json } = await rest.ask('/api/v1/feeds/openapi.json');
  expect(json.openapi).toBe('3.1.0');
  const described = Object.entries(json.paths as Record<string, object>).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
  const served = rest.app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('openapi.json'))
    .map(({ method, path }) => `${method} ${path}`);
  expect(new Set(described)).toEqual(new Set(served));
  for (const [, kind = '', name = ''] of JSON.stringify(json).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)) {
    expect(json.components[kind]).toHaveProperty(name);
  }
});
