import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { INTERACTIONS_METHOD } from './interactions-route.ts';
import { SKELETON_METHOD } from './skeleton.ts';
import { SERVICE_DID, type World, actorId, createWorld, feedOf, feedUri, postOf, send } from './world-for-tests.ts';

let network: FakeNetwork;
let alice: FakeAccount;
let world: World;

beforeAll(async () => {
  network = await startFakeNetwork();
  alice = await network.addAccount({ handle: 'alice.test' });
});

afterAll(() => network.close());

beforeEach(() => {
  const { plcUrl, fetch } = network;
  world = createWorld([feedOf('hot')], createDirectory({ clock: systemClock, plcUrl, fetch, allowPrivate: true }));
});

const newToken = (lxm = INTERACTIONS_METHOD) => alice.token({ aud: SERVICE_DID, lxm });
const LIKE = 'app.bsky.feed.defs#interactionLike';
const one = { item: postOf(1).uri, event: LIKE, feedContext: 'why', reqId: 'abc.0' };

async function report(body: unknown, token?: string, headers: Record<string, string> = {}) {
  return send(world.app, `/xrpc/${INTERACTIONS_METHOD}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token ?? (await newToken())}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

it('are taken in with who said it, and answered with nothing', async () => {
  const feed = feedUri('hot');
  expect(await report({ feed, interactions: [one, { item: one.item, event: LIKE }] })).toMatchObject({
    status: 200,
    body: {},
  });
  expect(world.accepted).toEqual([
    {
      viewer: { did: alice.did, id: actorId(alice.did) },
      feed,
      interactions: [
        { uri: one.item, event: LIKE, feedContext: 'why', reqId: 'abc.0' },
        { uri: one.item, event: LIKE },
      ],
    },
  ]);
});

it('without a post or an event teach nothing, and spoil nothing', async () => {
  const interactions = [{}, { event: LIKE }, { item: one.item }, { item: 'at://alice.test', event: LIKE }, one];
  expect((await report({ interactions })).status).toBe(200);
  expect(world.accepted[0]?.interactions).toHaveLength(1);
});

it('need a token, made for this, that was never used', async () => {
  const body = { interactions: [one] };
  const path = `/xrpc/${INTERACTIONS_METHOD}`;
  const headers = { 'content-type': 'application/json' };
  const bare = await send(world.app, path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(bare).toMatchObject({ status: 401, body: { error: 'AuthMissing' } });
  expect(await report(body, await newToken(SKELETON_METHOD))).toMatchObject({
    status: 401,
    body: { error: 'BadJwtLexiconMethod' },
  });
  const token = await newToken();
  expect((await report(body, token)).status).toBe(200);
  expect(await report(body, token)).toMatchObject({ status: 401, body: { error: 'JwtReplayed' } });
  expect(world.accepted).toHaveLength(1);
});

const SQL = "'; DROP TABLE posts; --";

it.each<[string, unknown, number]>([
  ['10,000 that are small', { interactions: Array.from({ length: 10_000 }, () => ({})) }, 400],
  ['10,000 of them', { interactions: Array.from({ length: 10_000 }, () => ({ event: LIKE })) }, 413],
  ['101 of them', { interactions: Array.from({ length: 101 }, () => one) }, 400],
  ['more bytes than a hundred can have', { interactions: [], more: 'x'.repeat(300_000) }, 413],
  ['nothing', '', 400],
  ['half of a body', '{"interactions":[', 400],
  ['no list', { interactions: 'all' }, 400],
  ['a list', [], 400],
  ['null', null, 400],
  ['no object in the list', { interactions: [1] }, 400],
  ['a post that is no at-uri', { interactions: [{ ...one, item: SQL }] }, 400],
  ['a feed that is no at-uri', { feed: SQL, interactions: [one] }, 400],
  ['an event that is no text', { interactions: [{ ...one, event: 7 }] }, 400],
  ['a context that is too long', { interactions: [{ ...one, feedContext: '\u00e9'.repeat(1_001) }] }, 400],
  ['a request id that is too long', { interactions: [{ ...one, reqId: 'x'.repeat(101) }] }, 400],
])('of %s are refused as a whole, and their token stays good', async (_, body, status) => {
  const token = await newToken();
  const answer = await report(body, token);
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body)).not.toContain('DROP');
  expect(world.accepted).toEqual([]);
  expect((await report({ interactions: [one] }, token)).status).toBe(200);
});

it.each([undefined, 'text/plain', 'application/x-www-form-urlencoded'])('as %s are refused', async (type) => {
  const headers = { 'content-type': type ?? '' };
  expect((await report({ interactions: [one] }, undefined, headers)).status).toBe(415);
});

it.each(['redis', 'interactions'] as const)('are refused for a moment while %s is away', async (what) => {
  world.away.add(what);
  const answer = await report({ interactions: [one] });
  expect(answer.status).toBe(503);
  expect(answer.headers.has('retry-after')).toBe(true);
  expect(world.accepted).toEqual([]);
});
