import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveHttp } from '#pkg/runtime/http.ts';
import {
  type Answer,
  createTestCore,
  openTestStores,
  running,
  type TestCore,
  type TestStores,
} from '../core-for-tests.ts';
import { problemSchema } from '#pkg/rest/problem.ts';

let stores: TestStores;
let core: TestCore;
let token: string;
beforeAll(async () => {
  stores = await openTestStores();
  core = createTestCore(stores, {
    limits: {
      requests: { count: 100_000, windowSeconds: 60 },
      loginsPerAddress: { count: 100_000, windowSeconds: 60 },
    },
  });
  ({ token } = await core.signIn('orbit'));
});
afterAll(() => stores[Symbol.asyncDispose]());

const UUID = '5A2C1B7E-0000-4000-8000-00000000000f';
const POSTS = ['/api/v1/timeline/analyze', '/api/v1/auth/login', '/api/v1/auth/refresh'];
const JSON_TYPE = { 'content-type': 'application/json' };

/** Everything that must hold of any answer that is not a success. */
function expectProblem(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.body.error]).toEqual([status, error]);
  expect(problemSchema.strict().safeParse(answer.body).success).toBe(true);
  expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
}

describe('the request id', () => {
  test('is the caller’s where it is a UUID, in lower case', async () => {
    const answer = await core.ask('/api/v1/me', { headers: { 'x-request-id': UUID } });
    expect(answer.headers.get('x-request-id')).toBe(UUID.toLowerCase());
    expect(answer.body.request_id).toBe(UUID.toLowerCase());
  });

  test.each(['', 'x', `${UUID} `.repeat(2), '../../etc', `${UUID}-1`])('%j is not taken', async (given) => {
    const { headers } = await core.ask('/health', { headers: { 'x-request-id': given } });
    expect(headers.get('x-request-id')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe('every problem has the one shape', () => {
  test('404 for what is not there', async () => {
    for (const path of ['/', '/api/v1', '/api/v1/users', '/api/v2/me', '/docs/../package.json', '/docs/index.html']) {
      expectProblem(await core.ask(path, { token }), 404, 'NotFound');
    }
    expectProblem(await core.ask('/api/v1/me', { method: 'DELETE', token }), 404, 'NotFound');
  });

  test.each([
    ['nothing', undefined, 'AuthenticationRequired', 'Bearer'],
    ['Basic', 'Basic YTpi', 'AuthenticationRequired', 'Bearer'],
    ['an empty token', 'Bearer ', 'AuthenticationRequired', 'Bearer'],
    ['two tokens', 'Bearer a b', 'AuthenticationRequired', 'Bearer'],
    ['rubbish', 'Bearer rubbish', 'InvalidToken', 'Bearer error="invalid_token"'],
    [
      'alg none',
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
      'InvalidToken',
      'Bearer error="invalid_token"',
    ],
  ])('401 for %s in Authorization', async (_, authorization, error, challenge) => {
    for (const [method, path] of [
      ['GET', '/api/v1/me'],
      ['GET', '/api/v1/timeline/analyses'],
      ['GET', '/api/v1/timeline/analyses/x'],
      ['POST', '/api/v1/timeline/analyze'],
      ['POST', '/api/v1/sse/ticket'],
      ['POST', '/api/v1/auth/logout'],
    ] as const) {
      const answer = await core.ask(path, { method, headers: authorization === undefined ? {} : { authorization } });
      expectProblem(answer, 401, error);
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
    }
  });

  test.each(POSTS)('413 for a body over 64 KB to %s, also when its length is not given', async (path) => {
    const big = JSON.stringify({ type: 'x'.repeat(65_536) });
    const withLength = { ...JSON_TYPE, 'content-length': String(big.length) };
    expectProblem(await core.ask(path, { token, body: big, headers: withLength }), 413, 'PayloadTooLarge');
    expectProblem(await core.ask(path, { token, body: big, headers: JSON_TYPE }), 413, 'PayloadTooLarge');
  });

  test.each(POSTS)('400 for malformed JSON to %s', async (path) => {
    for (const body of ['{', '', '{"a":}', '\u0000', '{"type":"flow"}{}', '[[[[[['.repeat(5000)]) {
      expectProblem(await core.ask(path, { token, method: 'POST', body, headers: JSON_TYPE }), 400, 'InvalidRequest');
    }
  });

  test.each(POSTS)('400 for JSON that is no object to %s', async (path) => {
    for (const body of ['null', '1', '"x"', '[]', '{"__proto__":{"type":"flow"}}', '{"constructor":1}']) {
      expectProblem(await core.ask(path, { token, body, headers: JSON_TYPE }), 400, 'InvalidRequest');
    }
  });

  test.each(POSTS)('415 for anything but JSON to %s', async (path) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/html',
    ]) {
      const answer = await core.ask(path, { token, body: '{"type":"flow"}', headers: { 'content-type': type } });
      expectProblem(answer, 415, 'UnsupportedMediaType');
    }
  });

  test('a message repeats no value that was sent', async () => {
    const secret = 'hunter2-hunter2';
    for (const body of [
      { identifier: 7, password: secret },
      { token: [secret] },
      { identifier: 'a.test', password: { secret } },
    ]) {
      const answer = await core.ask('/api/v1/auth/login', { body });
      expectProblem(answer, 400, 'InvalidRequest');
      expect(JSON.stringify(answer.body)).not.toContain(secret);
    }
  });

  test('500 says nothing of what happened, and 503 not which store is away', async () => {
    const failing = (error: Error) => {
      const query = async () => {
        throw error;
      };
      return createTestCore(stores, { postgres: { ...stores.postgres, query } });
    };
    const bug = Object.assign(new Error('relation "users" does not exist'), { code: '42P01' });
    const answer = await failing(bug).ask('/api/v1/me', { token });
    expectProblem(answer, 500, 'InternalServerError');
    expect(JSON.stringify(answer.body)).not.toContain('users');
    for (const error of [
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('the database system is shutting down'), { code: '57P01' }),
      new Error('Connection terminated unexpectedly'),
    ]) {
      const away = await failing(error).ask('/api/v1/me', { token });
      expectProblem(away, 503, 'ServiceUnavailable');
      expect(JSON.stringify(away.body)).not.toMatch(/postgres|10\.0\.0\.5|database/i);
    }
  });
});

describe('tiers', () => {
  test('a user who left is signed out', async () => {
    const gone = await core.signIn();
    await stores.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [gone.did]);
    expectProblem(
      await core.ask('/api/v1/timeline/analyze', { token: gone.token, body: { type: 'flow' } }),
      401,
      'InvalidToken',
    );
  });
});

describe('over a socket', () => {
  test('a body that never ends is cut off, and the next connection is served', async () => {
    const service = serveHttp({ name: 'api', host: '127.0.0.1', port: 0, app: core.app, portFlag: '--port' });
    await using _ = running([service]);
    const { port } = await service.listening;
    const status = await new Promise<number>((resolve, reject) => {
      const sending = request({
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/api/v1/auth/login',
        headers: JSON_TYPE,
      });
      const chunk = setInterval(() => sending.write('x'.repeat(16_384)), 1);
      sending.on('response', (response) => {
        clearInterval(chunk);
        resolve(response.statusCode ?? 0);
        sending.destroy();
      });
      sending.on('error', reject);
    });
    expect(status).toBe(413);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    const { status: signIn } = await fetch(`http://127.0.0.1:${port}/api/v1/auth/login`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: '{"identifier":"nobody.test","password":"x"}',
    });
    expect(signIn).toBe(404);
    const keys = await stores.redis.redis.keys('limit:logins_address:*');
    expect(keys).toContain('limit:logins_address:127.0.0.1');
  });
});
