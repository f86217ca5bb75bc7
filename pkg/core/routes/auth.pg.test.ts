import { Secp256k1Keypair } from '@atproto/crypto';
import { createServiceJwt } from '@atproto/xrpc-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BusEvent, decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import type { Identity } from '#pkg/identity/identity.ts';
import { redeemTicket } from '#pkg/session/tickets.ts';
import {
  createTestCore,
  openTestStores,
  running,
  SERVICE_DID,
  someDid,
  type TestCore,
  type TestStores,
} from '../core-for-tests.ts';

let stores: TestStores;
let core: TestCore;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const pds = {
  password: 'abcd-efgh-ijkl-mnop',
  asked: [] as string[],
};

beforeEach(async () => {
  await stores.redis.redis.flushall();
  pds.asked = [];
  core = createTestCore(stores, {
    fetch: async (url, init) => {
      pds.asked.push(String(url));
      if (String(url).endsWith('deleteSession')) return new Response(null, { status: 200 });
      const { identifier, password } = JSON.parse(init?.body as string) as { identifier: string; password: string };
      if (password !== pds.password) return Response.json({ error: 'AuthenticationRequired' }, { status: 401 });
      return Response.json({ did: identifier, refreshJwt: 'x.y.z' });
    },
  });
});

async function account(handle: string, did = someDid()) {
  const keypair = await Secp256k1Keypair.create();
  const identity = { did, handle, pdsUrl: 'https://pds.test', signingKey: keypair.did() };
  core.directory.accounts.set(did, identity);
  core.directory.accounts.set(handle, identity);
  const token = (lxm = 'app.skyflow.auth.login') => createServiceJwt({ iss: did, aud: SERVICE_DID, lxm, keypair });
  return { did, handle, token };
}

const login = (body: unknown, headers: Record<string, string> = {}) =>
  core.ask('/api/v1/auth/login', { body, headers });

const outboxOf = async (did: string) => {
  const { rows } = await stores.postgres.query<{ subject: string; bytes: Uint8Array }>(
    'SELECT subject, bytes FROM outbox ORDER BY created_at',
  );
  return rows.filter(({ bytes }) => Buffer.from(bytes).includes(did));
};

describe('signing in', () => {
  test('with a service-auth token: the user is there, the event is in the outbox, the token opens me', async () => {
    const { did, handle, token } = await account('alice.test');
    const { status, body, headers } = await login({ token: await token() });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const me = await core.ask('/api/v1/me', { token: body.access_token });
    expect(me.body).toMatchObject({ did, handle, tier: 'drift' });
    const [event, ...others] = await outboxOf(did);
    expect(others).toEqual([]);
    const registered = decodeEvent(EVENTS.userRegistered, event?.bytes ?? new Uint8Array());
    expect(registered.message).toMatchObject({ userId: did, handle, tier: 'drift' });
    expect(registered.correlationId).toBe(headers.get('x-request-id'));
  });

  test('the token may stand in Authorization, with no body', async () => {
    const { token } = await account('bob.test');
    const jwt = await token();
    expect((await core.ask('/api/v1/auth/login', { method: 'POST', token: jwt })).status).toBe(200);
    const again = await core.ask('/api/v1/auth/login', { method: 'POST', token: jwt });
    expect([again.status, again.body.error]).toEqual([401, 'JwtReplayed']);
  });

  test('who brought them may stand beside the token, wherever that is', async () => {
    const bob = await account('brought-others.test');
    await login({ token: await bob.token() });
    const [ann, cleo] = [await account('ann.test'), await account('cleo.test')];
    const inBody = await login({ token: await ann.token(), referrer: bob.handle });
    const inHeader = await login({ referrer: bob.did }, { authorization: `Bearer ${await cleo.token()}` });
    expect([inBody.status, inHeader.status]).toEqual([200, 200]);
    const { rows } = await stores.postgres.query('SELECT did FROM users WHERE referred_by = $1', [bob.did]);
    expect(rows).toHaveLength(2);
  });

  test('with handle and app password, checked at the PDS; a wrong one leaves no user', async () => {
    const { did } = await account('carol.test');
    const wrong = await login({ identifier: 'carol.test', password: 'nope' });
    expect([wrong.status, wrong.body.error]).toEqual([401, 'AuthenticationRequired']);
    expect((await stores.postgres.query('SELECT 1 FROM users WHERE did = $1', [did])).rows).toEqual([]);
    expect((await login({ identifier: '@Carol.test', password: pds.password })).status).toBe(200);
    expect(pds.asked.at(-1)).toContain('deleteSession');
  });

  test('is registered once, however often and however many at once', async () => {
    const { did } = await account('dora.test');
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => login({ identifier: did, password: pds.password })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await outboxOf(did)).map(({ subject }) => subject)).toEqual(['events.user.registered']);
    const metrics = await core.registry.metrics();
    expect(metrics).toContain('skyflow_sign_ins_total{outcome="registered"} 1');
    expect(metrics).toContain('skyflow_sign_ins_total{outcome="signed_in"} 4');
  });

  test('keeps the tier, and a new handle is told as an update', async () => {
    const { did, token } = await account('old.test');
    await login({ token: await token() });
    await stores.postgres.query(`UPDATE users SET tier = 'jet' WHERE did = $1`, [did]);
    const renamed = await account('new.test', did);
    const { body } = await login({ token: await renamed.token() });
    expect((await core.ask('/api/v1/me', { token: body.access_token })).body).toMatchObject({
      handle: 'new.test',
      tier: 'jet',
    });
    const [, update] = await outboxOf(did);
    expect(decodeEvent(EVENTS.userUpdated, update?.bytes ?? new Uint8Array()).message).toMatchObject({
      handle: 'new.test',
      changed: ['handle'],
    });
  });

  test('who left and comes back is registered anew', async () => {
    const { did, token } = await account('eve.test');
    const first = await login({ token: await token() });
    await stores.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [did]);
    const gone = await core.ask('/api/v1/me', { token: first.body.access_token });
    expect([gone.status, gone.body.error]).toEqual([401, 'InvalidToken']);
    const back = await login({ token: await token() });
    expect((await core.ask('/api/v1/me', { token: back.body.access_token })).status).toBe(200);
    expect(await outboxOf(did)).toHaveLength(2);
  });

  test('what was written goes onto the bus at once while the relay runs', async () => {
    const { did, token } = await account('fay.test');
    await using _ = running(core.services);
    await login({ token: await token() });
    await expect
      .poll(() => core.publisher.published.filter(({ bytes }) => Buffer.from(bytes).includes(did)).length)
      .toBe(1);
  });

  test('the relay is told of what stands in the outbox', async () => {
    const offered: string[] = [];
    const relay = {
      offer: (events: readonly BusEvent[]) => void offered.push(...events.map(({ subject }) => subject)),
    };
    const beside = createTestCore(stores, { relay });
    const { did, token } = await account('ida.test');
    beside.directory.accounts.set(did, core.directory.accounts.get(did) as Identity);
    expect((await beside.ask('/api/v1/auth/login', { body: { token: await token() } })).status).toBe(200);
    expect(offered).toEqual(['events.user.registered']);
  });

  test.each([
    ['nothing', {}],
    ['a password without a name', { password: 'x' }],
    ['unknown fields', { identifier: 'a.test', password: 'x', admin: true }],
    ['a token and a password', { token: 'x', identifier: 'a.test', password: 'x' }],
    ['an array', []],
    ['null', null],
  ])('%s is refused before anybody is asked', async (_, body) => {
    const answer = await login(body);
    expect([answer.status, answer.body.error]).toEqual([400, 'InvalidRequest']);
    expect(pds.asked).toEqual([]);
  });

  test('a password in the body and a token in Authorization: which of them?', async () => {
    const { did, token } = await account('gus.test');
    const answer = await login(
      { identifier: did, password: pds.password },
      { authorization: `Bearer ${await token()}` },
    );
    expect(answer.status).toBe(400);
  });

  test('says in its own words what the sign-in found, with the request id', async () => {
    const unknown = await login({ identifier: 'nobody.test', password: 'x' });
    expect([unknown.status, unknown.body.error]).toEqual([404, 'AccountNotFound']);
    expect(unknown.body.request_id).toBe(unknown.headers.get('x-request-id'));
    core.directory.accounts.set('slow.test', { problem: 'unavailable', message: 'not now' });
    const away = await login({ identifier: 'slow.test', password: 'x' });
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5']);
    const { token } = await account('lxm.test');
    expect((await login({ token: await token('app.bsky.feed.getTimeline') })).status).toBe(401);
  });
});

describe('a session', () => {
  const signedIn = async () => {
    const { token } = await account('hal.test');
    return (await login({ token: await token() })).body as { access_token: string; refresh_token: string };
  };
  const refresh = (refresh_token: string) => core.ask('/api/v1/auth/refresh', { body: { refresh_token } });

  test('is refreshed, and the next token is another', async () => {
    const first = await signedIn();
    const { status, body } = await refresh(first.refresh_token);
    expect(status).toBe(200);
    expect(body.refresh_token).not.toBe(first.refresh_token);
    expect((await core.ask('/api/v1/me', { token: body.access_token })).status).toBe(200);
    expect((await refresh('x'.repeat(43))).status).toBe(401);
    expect((await refresh(body.access_token)).status).toBe(400);
  });

  test('ends at logout, for every token and ticket of it', async () => {
    const { access_token: token, refresh_token } = await signedIn();
    const ticket = await core.ask('/api/v1/sse/ticket', { method: 'POST', token });
    expect(ticket.status).toBe(200);
    const { status, body } = await core.ask('/api/v1/auth/logout', { method: 'POST', token });
    expect([status, body]).toEqual([204, '']);
    expect((await core.ask('/api/v1/me', { token })).body.error).toBe('InvalidToken');
    expect((await refresh(refresh_token)).status).toBe(401);
    expect(await redeemTicket(stores.redis.redis, ticket.body.ticket)).toBeUndefined();
  });

  test('its ticket is for its owner, once', async () => {
    const { did, token } = await core.signIn();
    const { body } = await core.ask('/api/v1/sse/ticket', { method: 'POST', token });
    expect(Date.parse(body.expires_at) - Date.now()).toBeGreaterThan(30_000);
    expect(await redeemTicket(stores.redis.redis, body.ticket)).toMatchObject({ userId: did });
    expect(await redeemTicket(stores.redis.redis, body.ticket)).toBeUndefined();
  });
});
