import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import {
  type Answer,
  createTestCore,
  openTestStores,
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
beforeEach(async () => {
  await stores.redis.redis.flushall();
  core = createTestCore(stores);
});

const analyze = (token: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  core.ask('/api/v1/timeline/analyze', { token, body, headers });
const read = (token: string, id: string) => core.ask(`/api/v1/timeline/analyses/${id}`, { token });

/** What the timeline service writes. */
async function finish(id: string, how: { result?: object; error?: string }): Promise<void> {
  await stores.postgres.query(
    `INSERT INTO timeline_analyses (id, user_id, subject_did, type, time_window, audience, status, attempts, duration_ms, score,
       result, error_code, error_message, correlation_id, started_at, finished_at)
     SELECT id, user_id, subject_did, type, time_window, audience, $2, 1, 12, $3, $4, $5, $6, correlation_id, now(), now()
     FROM analysis_requests WHERE id = $1`,
    [
      id,
      how.error === undefined ? 'completed' : 'failed',
      how.result === undefined ? null : 8.7,
      how.result === undefined ? null : JSON.stringify(how.result),
      how.error ?? null,
      how.error === undefined ? null : 'it took too long',
    ],
  );
}

/** Rows of the past, written directly: one a second, newest last. */
async function past(did: string, count: number, fromMs = 1_700_000_000_000): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await stores.postgres.query(
    `INSERT INTO analysis_requests (id, user_id, subject_did, type, time_window, audience, tier, request_event_id, correlation_id, requested_at)
     SELECT id, $2, $2, 'flow', '48h', 'following', 'drift', gen_random_uuid(), gen_random_uuid(), to_timestamp(($3::float8 + n / 3 * 1000) / 1000)
     FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, n)`,
    [ids, did, fromMs],
  );
  return ids;
}

describe('asking', () => {
  test('is accepted with a row and its event, under the id of the request', async () => {
    const { did, token } = await core.signIn('jet');
    const requestId = randomUUID();
    const { status, body, headers } = await analyze(token, { type: 'pulse' }, { 'x-request-id': requestId });
    expect(status).toBe(202);
    expect(body.status_url).toBe(`https://skyflow.test/api/v1/timeline/analyses/${body.analysis_id}`);
    expect(headers.get('location')).toBe(body.status_url);
    expect(Date.parse(body.estimated_completion)).toBeGreaterThan(Date.now());
    const { rows } = await stores.postgres.query<{
      request_event_id: string;
      bytes: Uint8Array;
    }>(
      `SELECT r.*, o.bytes FROM analysis_requests r JOIN outbox o ON o.event_id = r.request_event_id WHERE r.id = $1`,
      [body.analysis_id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      user_id: did,
      subject_did: did,
      time_window: '48h',
      tier: 'jet',
    });
    const event = decodeEvent(EVENTS.timelineRequested, rows[0]?.bytes ?? new Uint8Array());
    expect(event).toMatchObject({
      eventId: rows[0]?.request_event_id,
      correlationId: requestId,
      message: {
        analysisId: body.analysis_id,
        userId: did,
        subjectDid: did,
        type: 'pulse',
        window: '48h',
        audience: 'following',
        tier: 'jet',
      },
    });
  });

  test('about another account, by handle or DID', async () => {
    const { token } = await core.signIn('orbit');
    const did = someDid();
    core.directory.accounts.set('alice.test', { did, handle: 'alice.test', pdsUrl: null, signingKey: null });
    for (const name of ['alice.test', '@Alice.test', did]) {
      const { body } = await analyze(token, { did: name, type: 'clout', window: '7d', audience: 'mutual' });
      const answer = await read(token, body.analysis_id);
      expect(answer.body).toMatchObject({ did, type: 'clout', window: '7d', audience: 'mutual', status: 'requested' });
    }
  });

  test('about nobody costs nothing', async () => {
    const { token } = await core.signIn();
    core.directory.accounts.set('slow.test', { problem: 'unavailable', message: 'not now' });
    core.directory.accounts.set('bad', { problem: 'invalid', message: 'this is no handle' });
    const asked = ['nobody.test', 'slow.test', 'bad'].map((did) => analyze(token, { did, type: 'flow' }));
    expect((await Promise.all(asked)).map(({ status, body }) => [status, body.error])).toEqual([
      [404, 'AccountNotFound'],
      [503, 'IdentityUnavailable'],
      [400, 'InvalidRequest'],
    ]);
    expect((await core.ask('/api/v1/me', { token })).body.limits.analyses_left).toBe(5);
  });

  test.each([
    ['no type', {}],
    ['an unknown lens', { type: 'karma' }],
    ['an unknown window', { type: 'flow', window: '90d' }],
    ['an unknown audience', { type: 'flow', audience: 'everybody' }],
    ['a field that nobody knows', { type: 'flow', user_id: 'did:plc:somebodyelse' }],
    ['a DID that is none', { type: 'flow', did: '' }],
    ['a DID that is too long', { type: 'flow', did: `did:web:${'a'.repeat(2050)}` }],
    ['a number for a DID', { type: 'flow', did: 7 }],
  ])('%s is a 400 that names the field', async (_, body) => {
    const { token } = await core.signIn();
    const answer = await analyze(token, body);
    expect([answer.status, answer.body.error]).toEqual([400, 'InvalidRequest']);
    expect(answer.body.message).toMatch(/^Body: /);
  });

  test('more at once than the tier allows has to wait, and is not counted', async () => {
    const { did, token } = await core.signIn('drift');
    const answers = await Promise.all(Array.from({ length: 5 }, () => analyze(token, { type: 'flow' })));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body.error).toBe('rate_limit_exceeded');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await core.ask('/api/v1/me', { token })).body.limits.analyses_left).toBe(3);
    const { rows } = await stores.postgres.query<{ id: string }>(
      'SELECT id FROM analysis_requests WHERE user_id = $1',
      [did],
    );
    await finish(rows[0]?.id ?? '', { error: 'timeout' });
    expect((await analyze(token, { type: 'flow' })).status).toBe(202);
    expect((await analyze(token, { type: 'flow' })).status).toBe(429);
  });

  test('what got no answer in ten minutes locks nobody out', async () => {
    const { did, token } = await core.signIn('drift');
    await past(did, 2, Date.now() - 601_000);
    expect((await analyze(token, { type: 'flow' })).status).toBe(202);
  });
});

describe('reading', () => {
  test('tells how far it is, then the answer as it was stored, or why there is none', async () => {
    const { token } = await core.signIn('orbit');
    const ids: string[] = [];
    for (let index = 0; index < 2; index += 1) ids.push((await analyze(token, { type: 'flow' })).body.analysis_id);
    const [good = '', bad = ''] = ids;
    expect((await read(token, good)).body).toMatchObject({
      status: 'requested',
      result: null,
      error: null,
      score: null,
    });
    await finish(good, { result: { lens: 'flow', text: 'a "quoted" é \u2028 text', deep: [{ n: 1.5 }] } });
    await finish(bad, { error: 'query_timeout' });
    expect((await read(token, good)).body).toMatchObject({
      analysis_id: good,
      status: 'completed',
      score: 8.7,
      duration_ms: 12,
      result: { lens: 'flow', text: 'a "quoted" é \u2028 text', deep: [{ n: 1.5 }] },
    });
    expect((await read(token, good.toUpperCase())).status).toBe(200);
    expect((await read(token, bad)).body).toMatchObject({
      status: 'failed',
      result: null,
      error: { code: 'query_timeout', message: 'it took too long' },
    });
  });

  test('somebody else’s looks exactly like one that never was', async () => {
    const alice = await core.signIn();
    const bob = await core.signIn();
    const { body } = await analyze(alice.token, { type: 'flow' });
    const theirs = await read(bob.token, body.analysis_id);
    const never = await read(bob.token, randomUUID());
    const noId = await read(bob.token, 'x%27%20OR%201=1');
    for (const answer of [theirs, never, noId]) {
      expect(answer.status).toBe(404);
      expect({ ...answer.body, request_id: '' }).toEqual({ ...never.body, request_id: '' });
    }
    expect((await core.ask('/api/v1/timeline/analyses', { token: bob.token })).body).toEqual({ analyses: [] });
  });
});

describe('the history', () => {
  const page = (token: string, query: string) => core.ask(`/api/v1/timeline/analyses?${query}`, { token });

  test('read to its end has all of it, newest first, while new ones come in', async () => {
    const { did, token } = await core.signIn('orbit');
    const before = await past(did, 25);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    let added = 0;
    do {
      const { body } = await page(token, `limit=4${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      expect(body.analyses.length).toBeLessThanOrEqual(4);
      seen.push(...body.analyses.map((one: { analysis_id: string }) => one.analysis_id));
      cursor = body.cursor;
      pages += 1;
      if ((await analyze(token, { type: 'flow' })).status === 202) added += 1;
      added += (await past(did, 3, Date.now() - 1000)).length;
    } while (cursor !== undefined);
    expect(pages).toBe(7);
    expect(added).toBeGreaterThan(21);
    expect(seen).toHaveLength(25);
    expect(new Set(seen)).toEqual(new Set(before));
    const { body } = await page(token, 'limit=100');
    expect(body.analyses.length).toBe(25 + added);
    const times = body.analyses.map((one: { requested_at: string }) => one.requested_at);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test('ends exactly where a page is full', async () => {
    const { did, token } = await core.signIn();
    await past(did, 8);
    const first = await page(token, 'limit=4');
    const second = await page(token, `limit=4&cursor=${first.body.cursor}`);
    expect([second.body.analyses.length, 'cursor' in second.body]).toEqual([4, false]);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=rubbish', 'cursor=', 'offset=3', `cursor=${'a'.repeat(300)}`])(
    '%s is a 400',
    async (query) => {
      const { token } = await core.signIn();
      expect((await page(token, query)).status).toBe(400);
    },
  );
});
