import { AppBskyFeedDescribeFeedGenerator, AppBskyFeedGetFeedSkeleton, lexicons } from '@atproto/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { ServingParts } from './ports.ts';
import { SKELETON_METHOD } from './skeleton.ts';
import {
  PUBLISHER,
  SERVICE_DID,
  askPage,
  createWorld,
  feedOf,
  feedUri,
  postOf,
  send,
  tasteOf,
  urisOf,
} from './world-for-tests.ts';

let network: FakeNetwork;
let alice: FakeAccount;
let token: string;

beforeAll(async () => {
  network = await startFakeNetwork();
  alice = await network.addAccount({ handle: 'alice.test', curve: 'P-256' });
  token = await alice.token({ aud: `${SERVICE_DID}#bsky_fg`, lxm: SKELETON_METHOD });
});

afterAll(() => network.close());

const posts = Array.from({ length: 10 }, (_, n) => postOf(n));

function newWorld(more: Partial<ServingParts> = {}) {
  const feeds = [
    feedOf('hot', { pageSize: 4 }),
    feedOf('read', { languages: 'viewer' }),
    feedOf('mine', { personal: true, publicForm: 'hot' }),
    feedOf('lonely', { personal: true }),
    feedOf('club', { visibility: 'members' }),
    feedOf('club-mine', { personal: true, publicForm: 'club' }),
    feedOf('empty'),
  ];
  const directory = createDirectory({
    clock: systemClock,
    plcUrl: network.plcUrl,
    fetch: network.fetch,
    allowPrivate: true,
  });
  const world = createWorld(feeds, directory, more);
  world.rank('hot', posts);
  world.rank('club', posts);
  world.rank('empty', []);
  return world;
}

describe('a page', () => {
  it('is what the lexicon says, with reasons, contexts and where it came from', async () => {
    const world = newWorld();
    const repost = 'at://did:plc:reposterreposterreposterr/app.bsky.feed.repost/3l2aaaaaaaaaa';
    const ranking = world.rank('hot', [
      postOf(0, { reason: { kind: 'pin' } }),
      postOf(1, { reason: { kind: 'repost', uri: repost }, context: 'why "it" is </here>' }),
      postOf(2, { reason: { kind: 'repost', uri: 'nonsense' }, context: '\u00e9'.repeat(1_001) }),
    ]);
    const { body, headers } = await askPage(world.app, 'hot');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(body).toEqual({
      feed: [
        { post: postOf(0).uri, reason: { $type: 'app.bsky.feed.defs#skeletonReasonPin' } },
        {
          post: postOf(1).uri,
          reason: { $type: 'app.bsky.feed.defs#skeletonReasonRepost', repost },
          feedContext: 'why "it" is </here>',
        },
        { post: postOf(2).uri },
      ],
      reqId: `${ranking.id}.0`,
    });
    const output: AppBskyFeedGetFeedSkeleton.OutputSchema = body as AppBskyFeedGetFeedSkeleton.OutputSchema;
    expect(() => lexicons.assertValidXrpcOutput(SKELETON_METHOD, output)).not.toThrow();
  });

  it("has as many posts as the client says, or else the feed's own number", async () => {
    const { app } = newWorld();
    expect(urisOf(await askPage(app, 'hot'))).toHaveLength(4);
    expect(urisOf(await askPage(app, 'hot', { limit: 7 }))).toHaveLength(7);
    const all = await askPage(app, 'hot', { limit: 10 });
    expect(urisOf(all)).toHaveLength(10);
    expect(all.body.cursor).toBeUndefined();
  });

  it('is named by an account that published the feed, or by our own DID', async () => {
    const { app } = newWorld();
    expect(urisOf(await askPage(app, feedUri('hot', SERVICE_DID)))).toHaveLength(4);
    const stranger = await askPage(app, feedUri('hot', 'did:plc:strangerstrangerstranger'));
    expect(stranger).toMatchObject({ status: 400, body: { error: 'UnknownFeed' } });
  });

  it('of a ranking that is forgotten is empty, and so is that of an empty feed', async () => {
    const world = newWorld();
    const { body } = await askPage(world.app, 'hot');
    world.kept.clear();
    expect(await askPage(world.app, 'hot', { cursor: body.cursor })).toMatchObject({ status: 200, body: { feed: [] } });
    expect((await askPage(world.app, 'empty')).body.feed).toEqual([]);
  });

  it('holds nothing that was hidden since it was written', async () => {
    const world = newWorld();
    expect(urisOf(await askPage(world.app, 'hot'))[0]).toBe(postOf(0).uri);
    world.hide([postOf(0).uri, postOf(2).uri]);
    expect(urisOf(await askPage(world.app, 'hot'))).toEqual([1, 3, 4, 5].map((n) => postOf(n).uri));
    world.hide(posts.map(({ uri }) => uri));
    expect((await askPage(world.app, 'hot')).body).toMatchObject({ feed: [] });
  });

  it('is written once for all who told us nothing, each with a cursor of their own', async () => {
    const world = newWorld();
    const [one, same, signedIn] = [
      await askPage(world.app, 'hot'),
      await askPage(world.app, 'hot'),
      await askPage(world.app, 'hot', { token }),
    ];
    expect(same.body).toEqual(one.body);
    expect(signedIn.body).toEqual({ ...one.body, cursor: expect.not.stringContaining(one.body.cursor ?? '') });
    expect(await world.registry.metrics()).toContain('skyflow_feed_pages_written_total 1\n');
  });

  it('is counted as a visit, with its depth', async () => {
    const world = newWorld();
    const { body } = await askPage(world.app, 'hot', { token });
    await askPage(world.app, 'hot', { token, limit: 100, cursor: body.cursor });
    expect(world.visits).toMatchObject([
      { rkey: 'hot', viewer: { did: alice.did }, depth: 4, isFirst: true },
      { rkey: 'hot', viewer: { did: alice.did }, depth: 10, isFirst: false },
    ]);
  });
});

describe('languages', () => {
  const read = async (languages: string | undefined) => {
    const world = newWorld();
    world.rank('read', [
      postOf(0, { langs: ['en'] }),
      postOf(1, { langs: ['pt'] }),
      postOf(2),
      postOf(3, { langs: ['ja', 'pt'] }),
    ]);
    await askPage(world.app, 'read', { languages: 'ja' });
    const answer = await askPage(world.app, 'read', { languages });
    return { numbers: posts.flatMap(({ uri }, n) => (urisOf(answer).includes(uri) ? [n] : [])), answer };
  };

  it('choose posts, and are told', async () => {
    const { numbers, answer } = await read('pt-BR,pt;q=0.9');
    expect(numbers).toEqual([1, 2, 3]);
    expect(answer.headers.get('content-language')).toBe('pt');
  });

  it.each([undefined, '', '*', 'de, *;q=0.1'])('%j is the way out: all posts', async (languages) => {
    const { numbers, answer } = await read(languages);
    expect(numbers).toEqual([0, 1, 2, 3]);
    expect(answer.headers.has('content-language')).toBe(false);
  });
});

describe('those who', () => {
  it('are not signed in see the public form of a personal feed, page by page, or nothing', async () => {
    const { app } = newWorld();
    const first = await askPage(app, 'mine', { limit: 6 });
    expect(urisOf(first)).toEqual(posts.slice(0, 6).map(({ uri }) => uri));
    const second = await askPage(app, 'mine', { limit: 6, cursor: first.body.cursor });
    expect(urisOf(second)).toEqual(posts.slice(6).map(({ uri }) => uri));
    expect(await askPage(app, 'lonely')).toMatchObject({ status: 200, body: { feed: [] } });
    expect(await askPage(app, 'club-mine')).toMatchObject({ status: 200, body: { feed: [] } });
  });

  it('are no members see nothing of a feed for members, also not the next page', async () => {
    const world = newWorld();
    expect((await askPage(world.app, 'club')).body).toEqual({ feed: [] });
    expect((await askPage(world.app, 'club', { token })).body).toEqual({ feed: [] });
    world.members.set('club', new Set([alice.did]));
    const first = await askPage(world.app, 'club', { token, limit: 2 });
    expect(urisOf(first)).toHaveLength(2);
    expect((await askPage(world.app, 'club')).body).toEqual({ feed: [] });
    world.members.delete('club');
    expect((await askPage(world.app, 'club', { token, cursor: first.body.cursor })).body).toEqual({ feed: [] });
  });

  it('have a list of their own see that, and hear when there is no time to make it', async () => {
    const world = newWorld();
    const busy = await askPage(world.app, 'mine', { token });
    expect(busy).toMatchObject({ status: 503, body: { error: 'NotEnoughResources' } });
    expect(Number(busy.headers.get('retry-after'))).toBeGreaterThan(0);
    world.pin('mine', alice.did, [postOf(8), postOf(3)]);
    expect(urisOf(await askPage(world.app, 'mine', { token }))).toEqual([postOf(8).uri, postOf(3).uri]);
  });
});

describe('what is away', () => {
  it('is a matter of a moment where a key cannot be looked up; another key than before is asked for', async () => {
    const [plc, bob] = [await startFakeNetwork(), await network.addAccount({ handle: 'bob.test' })];
    await plc.close();
    const { plcUrl, fetch } = plc;
    const directory = createDirectory({ clock: systemClock, plcUrl, fetch, allowPrivate: true, timeoutMs: 500 });
    const bobs = () => bob.token({ aud: SERVICE_DID, lxm: SKELETON_METHOD });
    const away = await askPage(newWorld({ directory }).app, 'hot', { token: await bobs() });
    expect(away).toMatchObject({ status: 503, body: { error: 'IdentityUnavailable' } });
    expect(away.headers.has('retry-after')).toBe(true);
    const world = newWorld();
    expect((await askPage(world.app, 'hot', { token: await bobs() })).status).toBe(200);
    await bob.rotateKey();
    expect((await askPage(world.app, 'hot', { token: await bobs() })).status).toBe(200);
  });

  it('is a matter of a moment where there is no list, and of nothing where only the taste is', async () => {
    const world = newWorld();
    world.tastes.set(alice.did, tasteOf({ less: new Set(['1:1']) }));
    world.away.add('tastes');
    expect(urisOf(await askPage(world.app, 'hot', { token }))).toHaveLength(4);
    world.away.add('rankings');
    const away = await askPage(world.app, 'hot');
    expect(away).toMatchObject({ status: 503, body: { error: 'FeedUnavailable' } });
    expect(away.headers.has('retry-after')).toBe(true);
    world.away.clear();
    world.current.clear();
    expect(await askPage(world.app, 'hot')).toMatchObject({ status: 503 });
    expect(await world.registry.metrics()).toContain('skyflow_feed_requests_total{outcome="away"} 2');
  });

  it('answers 500 without a word of what it was when we are broken', async () => {
    const world = newWorld({
      accountId() {
        throw new Error('secret');
      },
    });
    const broken = await askPage(world.app, 'hot', { token });
    expect(broken.status).toBe(500);
    expect(JSON.stringify(broken.body)).not.toContain('secret');
  });
});

describe('the other methods', () => {
  it('describe the feeds that are published', async () => {
    const { app } = newWorld();
    const { body } = await send(app, '/xrpc/app.bsky.feed.describeFeedGenerator');
    const description = body as unknown as AppBskyFeedDescribeFeedGenerator.OutputSchema;
    expect(description.did).toBe(SERVICE_DID);
    expect(description.feeds).toContainEqual({ uri: feedUri('hot', PUBLISHER) });
    expect(() => lexicons.assertValidXrpcOutput('app.bsky.feed.describeFeedGenerator', body)).not.toThrow();
  });

  it('say how we are', async () => {
    expect((await send(newWorld().app, '/xrpc/_health')).body).toEqual({ version: '9.8.7' });
  });

  it.each([
    [SERVICE_DID, 'https://feeds.example', true],
    ['did:web:localhost%3A3002', 'http://localhost:3002', true],
    ['did:web:other.example', 'https://feeds.example', false],
    ['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'https://feeds.example', false],
  ])('give the document of %s at %s: %s', async (serviceDid, publicUrl, given) => {
    const { app } = newWorld({ serviceDid, publicUrl });
    const { status, body } = await send(app, '/.well-known/did.json');
    expect(status).toBe(given ? 200 : 404);
    if (given) {
      expect(body).toMatchObject({
        id: serviceDid,
        service: [{ id: '#bsky_fg', type: 'BskyFeedGenerator', serviceEndpoint: publicUrl }],
      });
    }
  });

  it('answer browsers that ask before they send, and those that want the headers only', async () => {
    const { app } = newWorld();
    const path = `/xrpc/${SKELETON_METHOD}?feed=${encodeURIComponent(feedUri('hot'))}`;
    const preflight = await send(app, path, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    const head = await send(app, path, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: {} });
  });
});
