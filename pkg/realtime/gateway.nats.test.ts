import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { issueTicket } from '#pkg/session/tickets.ts';
import { systemClock, ManualClock } from '#pkg/runtime/clock.ts';
import { presenceKey } from './presence.ts';
import { type Instance, SLOW, World } from './world-for-tests.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => world.settle());
afterAll(() => world.close());

const ALICE = 'did:plc:alice';
const BOB = 'did:plc:bob';

const metric = async (to: Instance, name: string): Promise<number> => {
  const found = (await to.registry.getSingleMetric(name)?.get())?.values ?? [];
  return found.reduce((sum, { value }) => sum + value, 0);
};

describe('a stream', () => {
  it('begins with retry and connected, and beats every 30 s by the clock', async () => {
    const clock = new ManualClock(Date.parse('2026-03-01T00:00:00Z'));
    const gateway = await world.gateway({ clock });
    const client = await world.connect(gateway, ALICE);
    expect(client.status).toBe(200);
    expect(client.headers['content-type']).toBe('text/event-stream');
    expect(client.headers['cache-control']).toContain('no-store');
    const connected = await client.until('connected');
    expect(client.retryMs).toBe(3000);
    expect(connected.data).toMatchObject({ user_id: ALICE, server_time: '2026-03-01T00:00:00.000Z' });
    await clock.advance(29_000);
    expect(client.named('heartbeat')).toEqual([]);
    await clock.advance(1_000);
    expect((await client.until('heartbeat')).data['server_time']).toBe('2026-03-01T00:00:30.000Z');
    await clock.advance(29_000);
    await clock.advance(1_000);
    await client.until('heartbeat', 2);
    expect(client.named('heartbeat')).toHaveLength(2);
  });

  it('gives events in order, with ids, the event id and the correlation id', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    const other = await world.connect(gateway, BOB);
    await client.until('connected');
    const ids: string[] = [];
    for (let n = 0; n < 50; n += 1) ids.push(await world.tell({ userId: ALICE, data: { n } }));
    await client.until('analysis_completed', 50);
    expect(client.numbers()).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(client.frames.slice(1).map(({ data }) => data['event_id'])).toEqual(ids);
    expect(client.frames[1]?.data['correlation_id']).toBe(`cause-${ids[0]}`);
    const sequences = client.frames.slice(1).map(({ id }) => Number(id?.split('-')[1]));
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
    expect(other.numbers()).toEqual([]);
  });

  it('gives an event published twice once', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    const eventId = await world.tell({ userId: ALICE, data: { n: 1 } });
    await world.tell({ userId: ALICE, data: { n: 1 }, eventId });
    await world.tell({ userId: ALICE, data: { n: 2 } });
    await client.until('analysis_completed', 2);
    expect(client.numbers()).toEqual([1, 2]);
  });

  it('carries line breaks, U+2028, and says so where data is too large', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    const text = 'one\ntwo\r\nthree\rfour\u2028five\u2029six\u0085\n\nevent: shutdown\ndata: {}\n\n\u0000😀';
    await world.tell({ userId: ALICE, data: { text } });
    await world.tell({ userId: ALICE, data: { text: 'x'.repeat(500_000) } });
    await world.tell({ userId: ALICE, data: { text: 'x'.repeat(50_000) } });
    await client.until('analysis_completed', 3);
    const [broken, huge, large] = client.named('analysis_completed');
    expect(broken?.data['text']).toBe(text);
    expect(huge?.data).toEqual({
      too_large: true,
      event_id: expect.any(String),
      correlation_id: expect.stringContaining('cause-'),
    });
    expect(large?.data['text']).toHaveLength(50_000);
    expect(client.named('shutdown')).toEqual([]);
  });

  it('never takes a name that is the gateway’s own or would break the frame', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    for (const name of ['shutdown', 'connected', 'a\nb', '', 'x'.repeat(100)])
      await world.tell({ userId: ALICE, name });
    await world.tell({ userId: ALICE, data: { n: 1 } });
    await client.until('analysis_completed');
    expect(client.frames.map(({ event }) => event)).toEqual(['connected', 'analysis_completed']);
  });
});

describe('who may have a stream', () => {
  it('needs a token or a ticket, and is told in the house shape why not', async () => {
    const gateway = await world.gateway();
    const { accessToken, sid } = await world.signIn(ALICE);
    for (const [error, query, headers] of [
      ['AuthenticationRequired', '', {}],
      ['InvalidToken', '?token=nonsense', {}],
      ['InvalidToken', '?ticket=nonsense', {}],
      ['AuthenticationRequired', '', { authorization: 'Basic YTpi' }],
      ['InvalidToken', `?token=${accessToken}`, { authorization: 'Bearer nonsense' }],
      ['InvalidToken', `?token=${accessToken.slice(0, -5)}AAAAA`, {}],
    ] as const) {
      const refused = await world.ask(gateway, query, headers);
      await refused.untilEnd();
      expect(refused.status).toBe(401);
      const challenge = error === 'InvalidToken' ? 'Bearer error="invalid_token"' : 'Bearer';
      expect(refused.headers['www-authenticate']).toBe(challenge);
      const body = JSON.parse(refused.body) as Record<string, string>;
      expect(body['error']).toBe(error);
      expect(body['message']).toMatch(/^[A-Z].*\.$/);
      expect(body['request_id']).toBe(refused.headers['x-request-id']);
      expect(refused.body).not.toContain(accessToken);
    }
    expect((await world.ask(gateway, `?token=${accessToken}`)).status).toBe(200);
    await world.sessions.revoke(sid);
    expect((await world.ask(gateway, `?token=${accessToken}`)).status).toBe(401);
  });

  it('uses a ticket up', async () => {
    const gateway = await world.gateway();
    const { sid } = await world.signIn(ALICE);
    const session = { userId: ALICE, sid, handle: null, expiresAtMs: systemClock.nowMs() + 3_600_000 };
    const { ticket } = await issueTicket(world.redis.redis, session);
    const first = await world.ask(gateway, `?ticket=${ticket}`);
    expect((await first.until('connected')).data['user_id']).toBe(ALICE);
    expect((await world.ask(gateway, `?ticket=${ticket}`)).status).toBe(401);
  });

  it('asks by GET', async () => {
    const gateway = await world.gateway();
    const { accessToken } = await world.signIn(ALICE);
    for (const method of ['HEAD', 'POST', 'DELETE']) {
      const answer = await fetch(`${gateway.url}/sse?token=${accessToken}`, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET');
    }
    expect(gateway.status().connections).toBe(0);
  });

  it('has as many as its tier allows, on all instances together; a closed one makes room', async () => {
    const one = await world.gateway({ tierOf: () => Promise.resolve('jet') });
    const two = await world.gateway({ tierOf: () => Promise.resolve('jet') });
    const user = 'did:plc:capped';
    const opened = await Promise.all(
      Array.from({ length: 14 }, (_, index) => world.connect(index % 2 === 0 ? one : two, user)),
    );
    const statuses = opened.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    const refused = opened.find(({ status }) => status === 429);
    await refused?.untilEnd();
    expect(JSON.parse(refused?.body ?? '{}')).toMatchObject({ error: 'rate_limit_exceeded' });
    expect(refused?.headers['retry-after']).toBe('30');
    expect(await world.redis.redis.scard(presenceKey(user))).toBe(10);
    expect(await world.redis.redis.ttl(presenceKey(user))).toBeGreaterThan(3_500);
    opened.find(({ status }) => status === 200)?.close();
    await vi.waitFor(async () => expect(await world.redis.redis.scard(presenceKey(user))).toBe(9), SLOW);
    expect((await world.connect(one, user)).status).toBe(200);
  });

  it('gets the places of an instance that was killed', async () => {
    const gateway = await world.gateway();
    const user = 'did:plc:orphaned';
    await world.redis.redis.sadd(presenceKey(user), 'gone:1', 'gone:2', 'gone:3', 'gone:4', 'gone:5');
    expect((await world.connect(gateway, user)).status).toBe(200);
    expect(await world.redis.redis.scard(presenceKey(user))).toBe(1);
  });

  it('is refused with 503 when the process has no room, without using the ticket up', async () => {
    const full = await world.gateway({ limits: { maxConnections: 1 } });
    const roomy = await world.gateway();
    await world.connect(full, BOB);
    const { sid } = await world.signIn(ALICE);
    const session = { userId: ALICE, sid, handle: null, expiresAtMs: systemClock.nowMs() + 3_600_000 };
    const { ticket } = await issueTicket(world.redis.redis, session);
    const refused = await world.ask(full, `?ticket=${ticket}`);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('30');
    expect((await world.ask(roomy, `?ticket=${ticket}`)).status).toBe(200);
  });
});

describe('what cannot be checked', () => {
  it('is 503, never let in and never 401', async () => {
    const away = () => Promise.reject(new Error('Redis is away, redis://:secret@host'));
    const gateway = await world.gateway({ verifier: { verify: away }, redeem: away });
    for (const query of ['?token=x', `?ticket=${'a'.repeat(43)}`]) {
      const refused = await world.ask(gateway, query);
      await refused.untilEnd();
      expect(refused.status).toBe(503);
      expect(refused.headers['retry-after']).toBe('5');
      expect(refused.body).not.toMatch(/secret|redis/i);
    }
    const noTier = await world.gateway({ tierOf: away });
    expect((await world.connect(noTier, ALICE)).status).toBe(503);
  });

  it('a request sent behind an open stream ends the connection instead of waiting in memory', async () => {
    const gateway = await world.gateway();
    const { accessToken } = await world.signIn(ALICE);
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const request = `GET /sse HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`;
    socket.write(request + request);
    socket.resume();
    await once(socket, 'close');
    await vi.waitFor(() => expect(gateway.status().connections).toBe(0), SLOW);
    await vi.waitFor(async () => expect(await world.redis.redis.exists(presenceKey(ALICE))).toBe(0), SLOW);
  });
});

describe('presence', () => {
  it('is written again after Redis lost it', async () => {
    const gateway = await world.gateway({ limits: { presenceRefreshMs: 30 } });
    await world.connect(gateway, ALICE);
    await world.redis.redis.del(presenceKey(ALICE));
    await vi.waitFor(async () => expect(await world.redis.redis.scard(presenceKey(ALICE))).toBe(1), SLOW);
    expect(await world.redis.redis.ttl(presenceKey(ALICE))).toBeGreaterThan(3_500);
  });
});

describe('the end of a stream', () => {
  it('comes when its session is revoked, and no earlier than others’', async () => {
    const gateway = await world.gateway({ limits: { sessionCheckMs: 50 } });
    const { accessToken, sid } = await world.signIn(ALICE);
    const client = await world.ask(gateway, `?token=${accessToken}`);
    const other = await world.connect(gateway, ALICE);
    await client.until('connected');
    await world.sessions.revoke(sid);
    await client.until('session_ended');
    await client.untilEnd();
    expect(other.ended).toBe(false);
    expect(gateway.status().connections).toBe(1);
  });

  it('at a shutdown says when to come back, differently to each, and empties presence', async () => {
    let calls = 0;
    const gateway = await world.gateway({ random: () => (calls++ % 10) / 10 });
    const users = Array.from({ length: 10 }, (_, index) => `did:plc:leaving${index}`);
    const clients = await Promise.all(users.map((user) => world.connect(gateway, user)));
    for (const client of clients) await client.until('connected');
    const stopped = gateway.stop();
    for (const client of clients) await client.untilEnd();
    await stopped;
    const pauses = clients.map((client) => client.retryMs);
    expect(pauses.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 10 }, (_, index) => 1000 + index * 900),
    );
    for (const client of clients) expect(client.named('shutdown')[0]?.data['retry_ms']).toBe(client.retryMs);
    for (const user of users) expect(await world.redis.redis.exists(presenceKey(user))).toBe(0);
  });

  it('is counted by its reason', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    client.close();
    await vi.waitFor(async () => expect(await metric(gateway, 'skyflow_realtime_closes_total')).toBe(1), SLOW);
    expect(await metric(gateway, 'skyflow_realtime_connections')).toBe(0);
    expect(await metric(gateway, 'skyflow_realtime_connects_total')).toBe(1);
  });
});
