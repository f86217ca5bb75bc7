import { randomBytes } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secp256k1Keypair } from '@atproto/crypto';
import { createServiceJwt } from '@atproto/xrpc-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { INTERACTIONS_METHOD } from './interactions-route.ts';
import { SKELETON_METHOD } from './skeleton.ts';
import {
  SERVICE_DID,
  type World,
  askPage,
  createWorld,
  feedOf,
  feedUri,
  postOf,
  send,
  urisOf,
} from './world-for-tests.ts';

let network: FakeNetwork;
let alice: FakeAccount;
let mallory: FakeAccount;
let world: World;

const nowS = () => Math.floor(Date.now() / 1000);
const PATH = `/xrpc/${SKELETON_METHOD}`;
const SQL = ["' OR 1=1 --", "'; DROP TABLE posts; --", '{viewer:UInt64}', '1 UNION SELECT * FROM system.users', '\0'];

beforeAll(async () => {
  network = await startFakeNetwork();
  alice = await network.addAccount({ handle: 'alice.test' });
  mallory = await network.addAccount({ handle: 'mallory.test' });
});

afterAll(() => network.close());

const directoryOf = (more: object) =>
  createDirectory({ clock: systemClock, plcUrl: network.plcUrl, fetch: network.fetch, allowPrivate: true, ...more });

beforeEach(() => {
  world = createWorld([feedOf('hot'), feedOf('new')], directoryOf({}));
  for (const rkey of ['hot', 'new']) {
    world.rank(
      rkey,
      Array.from({ length: 50 }, (_, n) => postOf(n)),
    );
  }
});

const good = () => ({ aud: SERVICE_DID, lxm: SKELETON_METHOD });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  const forged = async (change: (parts: string[]) => string[]) =>
    change((await alice.token(good())).split('.')).join('.');
  const claims = (iss: string) => part({ iss, ...good(), exp: nowS() + 60, iat: nowS() });

  it.each<[string, () => Promise<string>, string]>([
    ['that expired', () => alice.token({ ...good(), exp: nowS() - 1 }), 'JwtExpired'],
    ['for too long', () => alice.token({ ...good(), exp: nowS() + 3_600 }), 'JwtLifetime'],
    ['for another service', () => alice.token({ ...good(), aud: 'did:web:other.example' }), 'BadJwtAudience'],
    ['for another part of us', () => alice.token({ ...good(), aud: `${SERVICE_DID}#admin` }), 'BadJwtAudience'],
    ['for another method', () => alice.token({ ...good(), lxm: INTERACTIONS_METHOD }), 'BadJwtLexiconMethod'],
    ['for any method', () => alice.token({ ...good(), lxm: null }), 'BadJwt'],
    [
      "with another account's name",
      () => forged(([head = '', , mark = '']) => [head, claims(mallory.did), mark]),
      'BadJwtSignature',
    ],
    [
      'of nobody',
      () => forged(([head = '', , mark = '']) => [head, claims('did:plc:nobodynobodynobodynobody'), mark]),
      'BadJwtIss',
    ],
    [
      'that is not signed',
      () => forged(([, body = '']) => [part({ alg: 'none', typ: 'JWT' }), body, 'AA']),
      'BadJwtType',
    ],
    [
      'signed with a shared key',
      () => forged(([, body = '', mark = '']) => [part({ alg: 'HS256', typ: 'JWT' }), body, mark]),
      'BadJwtType',
    ],
    [
      'for signing in elsewhere',
      () => forged(([, body = '', mark = '']) => [part({ alg: 'ES256K', typ: 'at+jwt' }), body, mark]),
      'BadJwtType',
    ],
    ['without its mark', () => forged(([head = '', body = '']) => [head, body, '']), 'BadJwt'],
    ['that is none', async () => 'not-a-token', 'BadJwt'],
    ['that is too long', async () => `${'a'.repeat(9_000)}.b.c`, 'BadJwt'],
  ])('%s proves nothing', async (_, make, error) => {
    const answer = await askPage(world.app, 'hot', { token: await make() });
    expect(answer).toMatchObject({ status: 401, body: { error } });
    expect(answer.body.feed).toBeUndefined();
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer ', 'DPoP abc', 'Bearer a b', ''])(
    'in the header %j is none',
    async (header) => {
      const path = `${PATH}?feed=${encodeURIComponent(feedUri('hot'))}`;
      expect(await send(world.app, path, { headers: { authorization: header } })).toMatchObject({ status: 401 });
    },
  );

  it('with any character of its mark changed proves nothing', async () => {
    const token = await alice.token(good());
    expect((await askPage(world.app, 'hot', { token })).status).toBe(200);
    const markAt = token.lastIndexOf('.') + 1;
    // The last but one: the very last holds bits that stand for nothing.
    for (const at of [markAt, markAt + 40, token.length - 2]) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect((await askPage(world.app, 'hot', { token: changed })).status).toBe(401);
    }
  });
});

describe('a DID that points inward', () => {
  const touched: string[] = [];
  let inner: Server;
  beforeAll(async () => {
    inner = createServer((request, response) => {
      touched.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((done) => void inner.listen(0, '127.0.0.1', done));
  });
  afterAll(() => void inner.close());

  it('is not asked for its key', async () => {
    const { port } = inner.address() as AddressInfo;
    const strict = createWorld([feedOf('hot')], directoryOf({ allowPrivate: false, fetch: undefined, timeoutMs: 500 }));
    const keypair = await Secp256k1Keypair.create();
    const names = ['localhost', '127.0.0.1', '[::1]', '169.254.169.254', '10.0.0.1', '0.0.0.0', '2130706433'];
    for (const name of names.flatMap((host) => [host, `${host}%3A${port}`, `${host}:admin`])) {
      const token = await createServiceJwt({ iss: `did:web:${name}`, keypair, ...good() });
      expect((await askPage(strict.app, 'hot', { token })).status).toBe(401);
    }
    expect(touched).toEqual([]);
  });
});

describe('a cursor', () => {
  const first = async (token?: string) => (await askPage(world.app, 'hot', { limit: 5, token })).body.cursor ?? '';
  const REFUSED = { status: 400, body: { error: 'InvalidRequest' } };

  it('with any byte changed is refused', async () => {
    const bytes = Buffer.from(await first(), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(await askPage(world.app, 'hot', { cursor: changed.toString('base64url') })).toMatchObject(REFUSED);
    }
  });

  it('of another feed, viewer, version, key or none at all is refused', async () => {
    const cursor = await first();
    expect(await askPage(world.app, 'new', { cursor })).toMatchObject(REFUSED);
    const [his, hers] = [await mallory.token(good()), await alice.token(good())];
    expect(await askPage(world.app, 'hot', { cursor, token: hers })).toMatchObject(REFUSED);
    expect(await askPage(world.app, 'hot', { cursor: await first(hers), token: his })).toMatchObject(REFUSED);
    expect(await askPage(world.app, 'hot', { cursor: await first(hers) })).toMatchObject(REFUSED);
    const older = Buffer.from(cursor, 'base64url');
    older[0] = 0;
    expect(await askPage(world.app, 'hot', { cursor: older.toString('base64url') })).toMatchObject(REFUSED);
    const other = createWorld([...world.feeds.values()], directoryOf({}));
    expect(await askPage(other.app, 'hot', { cursor })).toMatchObject(REFUSED);
    for (const text of ['', '0', '50', '1234567890::bafy', randomBytes(31).toString('base64url'), 'x'.repeat(5_000)]) {
      expect(await askPage(world.app, 'hot', { cursor: text })).toMatchObject(REFUSED);
    }
  });
});

describe('a question', () => {
  const feed = `feed=${encodeURIComponent(feedUri('hot'))}`;

  it.each(['0', '101', '-1', 'text', '', '1.5', '1e1', '+5', ' 5', '999999999999', '0x10', '５'])(
    'for %j posts is refused',
    async (limit) => {
      const answer = await askPage(world.app, 'hot', { limit });
      expect(answer).toMatchObject({ status: 400, body: { error: 'InvalidRequest' } });
    },
  );

  it.each([
    '',
    'feed=',
    'limit=5',
    `${feed}&${feed}`,
    `${feed}&limit=5&limit=5`,
    `${feed}&cursor=&cursor=`,
    'feed=%',
    'feed=%ff',
  ])('%j is refused', async (search) => {
    const answer = await send(world.app, `${PATH}?${search}`);
    expect(answer).toMatchObject({ status: 400, body: { error: 'InvalidRequest' } });
  });

  it.each([
    feedUri('none'),
    feedUri('__proto__'),
    feedUri('hot', 'publisher.test'),
    feedUri('hot', 'did:plc:strangerstrangerstranger'),
    `${feedUri('hot')}/more`,
    `${feedUri('hot')}#part`,
    feedUri('hot').replace('generator', 'post'),
    feedUri('../hot'),
    '<script>alert(1)</script>',
    ...SQL,
    ...SQL.map((text) => feedUri(text)),
    ...SQL.map((text) => feedUri('hot', text)),
  ])('about the feed %j is refused and not repeated', async (uri) => {
    const answer = await send(world.app, `${PATH}?feed=${encodeURIComponent(uri)}`);
    expect(answer).toMatchObject({ status: 400, body: { error: 'UnknownFeed' } });
    expect(JSON.stringify(answer.body)).not.toContain(uri);
  });

  it.each(SQL)('with %j elsewhere is refused or answered as if it was not there', async (text) => {
    expect((await askPage(world.app, 'hot', { cursor: text })).status).toBe(400);
    expect((await askPage(world.app, 'hot', { limit: text })).status).toBe(400);
    expect((await askPage(world.app, 'hot', { token: encodeURIComponent(text) })).status).toBe(401);
    const others = await send(world.app, `${PATH}?${feed}&lang=${encodeURIComponent(text)}&__proto__=1`);
    expect(urisOf(others)).toHaveLength(20);
    const languages = text.replaceAll('\0', '');
    expect(urisOf(await askPage(world.app, 'hot', { languages }))).toHaveLength(20);
  });

  it.each<[string, string, number, string]>([
    ['POST', PATH, 405, 'InvalidRequest'],
    ['DELETE', PATH, 405, 'InvalidRequest'],
    ['GET', `/xrpc/${INTERACTIONS_METHOD}`, 405, 'InvalidRequest'],
    ['POST', '/xrpc/_health', 405, 'InvalidRequest'],
    ['GET', '/xrpc/com.atproto.repo.createRecord', 501, 'MethodNotImplemented'],
    ['POST', '/xrpc/<script>', 501, 'MethodNotImplemented'],
    ['GET', `${PATH}More?${feed}`, 501, 'MethodNotImplemented'],
    ['GET', '/', 404, 'NotFound'],
    ['GET', '/.well-known/other', 404, 'NotFound'],
  ])('%s %s is answered %i', async (method, path, status, error) => {
    const answer = await send(world.app, path, { method });
    expect(answer).toMatchObject({ status, body: { error } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(JSON.stringify(answer.body)).not.toContain('script');
  });
});
