import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type LensAnswer, lensAnswer } from '#pkg/contracts/lens.ts';
import { type Answer, createTestCore, openTestStores, type TestCore, type TestStores } from '../core-for-tests.ts';
import { EXAMPLES } from './examples.ts';
import { analyzeBody, loginBody, refreshBody } from './schemas.ts';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  operationId?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object; example?: unknown }> }>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

let stores: TestStores;
let core: TestCore;
let document: Document;
let token: string;
let did: string;
beforeAll(async () => {
  stores = await openTestStores();
  core = createTestCore(stores);
  document = (await core.ask('/openapi.json')).body;
  ({ did, token } = await core.signIn('drift'));
});
afterAll(() => stores[Symbol.asyncDispose]());

const operations = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [method, path, operation]),
  );

/** The document's own schema for an answer, made to refuse what it does not name. */
function validator(method: string, path: string, status: number): z.ZodType | undefined {
  const schema = document.paths[path]?.[method]?.responses[String(status)]?.content?.['application/json']?.schema;
  if (schema === undefined) return undefined;
  const closed = JSON.parse(
    JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
    (_key, value: unknown) =>
      typeof value === 'object' && value !== null && 'properties' in value && 'type' in value
        ? { ...value, additionalProperties: false }
        : value,
  ) as Parameters<typeof z.fromJSONSchema>[0];
  return z.fromJSONSchema(closed);
}

function expectDocumented(method: string, path: string, answer: Answer): void {
  const schema = validator(method, path, answer.status);
  expect(schema, `${method} ${path} does not document ${answer.status}`).toBeDefined();
  const parsed = schema?.safeParse(answer.body);
  expect(parsed?.error?.issues ?? [], `${method} ${path} ${answer.status}`).toEqual([]);
}

const EXAMPLE: LensAnswer = {
  lens: 'flow',
  window: '48h',
  audience: 'following',
  subject: { did: 'did:plc:abc', handle: null },
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-03T00:00:00.000Z',
  data_since: null,
  complete: false,
  notices: [{ code: 'no_follows', message: 'follows nobody' }],
  board: {
    lens: 'flow',
    bucket_seconds: 600,
    buckets: [
      {
        at: '2026-01-01T00:00:00.000Z',
        posts: 1,
        likes: 2,
        replies: 0,
        reposts: 0,
        quotes: 0,
        skypoints: 2,
        peak: true,
      },
    ],
  },
  score: null,
  share: null,
  computed_at: '2026-01-03T00:00:00.000Z',
};

describe('the document', () => {
  test('is OpenAPI 3.1 with every route, each described', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: 'https://skyflow.test' }]);
    expect(
      operations()
        .map(([method, path]) => `${method} ${path}`)
        .toSorted(),
    ).toEqual([
      'get /api/v1/me',
      'get /api/v1/timeline/analyses',
      'get /api/v1/timeline/analyses/{id}',
      'get /sse',
      'post /api/v1/auth/login',
      'post /api/v1/auth/logout',
      'post /api/v1/auth/refresh',
      'post /api/v1/sse/ticket',
      'post /api/v1/timeline/analyze',
    ]);
    const names = operations().map(([, , { operationId }]) => operationId);
    expect(names, 'for generated clients').not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
    for (const [, path, { summary, description, tags, responses, parameters = [] }] of operations()) {
      expect(summary).toBeTruthy();
      expect(description, path).toBeTruthy();
      expect(document.tags.map(({ name }) => name)).toContain(tags?.[0]);
      expect(Object.keys(responses)).toContain(path === '/sse' ? '503' : '500');
      for (const { description } of Object.values(responses)) expect(description).toBeTruthy();
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(named);
    }
  });

  test('has no reference into nothing, and no schema that nobody can read', () => {
    const text = JSON.stringify(document);
    for (const [, kind = '', name = ''] of text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)) {
      expect((document.components as unknown as Record<string, object>)[kind]).toHaveProperty(name);
    }
    expect(text).toMatch(/"\$ref":"#\/components\/schemas\/LensAnswer"/);
    for (const [method, path, { responses }] of operations()) {
      for (const [status, { content }] of Object.entries(responses))
        if (content?.['text/event-stream'] === undefined && status !== '204')
          expect(validator(method, path, Number(status)), `${path} ${status}`).toBeDefined();
    }
    expect(document.components.securitySchemes).toHaveProperty('session');
  });

  test('has an example of every body, and each is what its schema says', () => {
    for (const [method, path, { requestBody, responses }] of operations()) {
      for (const [status, { content }] of Object.entries(responses)) {
        if (content === undefined) continue;
        const [media] = Object.values(content);
        expect(media?.example, `${method} ${path} ${status}`).toBeDefined();
        const schema = content['application/json'] === undefined ? undefined : validator(method, path, Number(status));
        expect(schema?.safeParse(media?.example).error?.issues ?? [], `${method} ${path} ${status}`).toEqual([]);
      }
      if (requestBody !== undefined) expect(requestBody.content['application/json']?.example, path).toBeDefined();
    }
    expect(loginBody.parse(EXAMPLES.login)).toEqual(EXAMPLES.login);
    expect(analyzeBody.parse(EXAMPLES.analyze)).toEqual(EXAMPLES.analyze);
    expect(refreshBody.parse(EXAMPLES.refresh)).toEqual(EXAMPLES.refresh);
  });

  test('says which routes need no session, and they do not', () => {
    const open = operations().filter(([, , { security }]) => security?.length === 0);
    expect(open.map(([, path]) => path)).toEqual(['/api/v1/auth/login', '/api/v1/auth/refresh']);
  });

  test('refuses in its schemas what the routes refuse: unknown fields', () => {
    const body = document.components.schemas['Analyze'] as { additionalProperties?: boolean; required: string[] };
    expect(body.additionalProperties).toBe(false);
    expect(body.required).toEqual(['type']);
  });
});

describe('what the routes answer is what the document says', () => {
  const me = '/api/v1/me';
  const analyze = '/api/v1/timeline/analyze';
  const one = '/api/v1/timeline/analyses/{id}';
  const history = '/api/v1/timeline/analyses';

  test('answers and problems of the analyses', async () => {
    expectDocumented('get', me, await core.ask(me, { token }));
    expectDocumented('get', me, await core.ask(me));
    const accepted = await core.ask(analyze, { token, body: { type: 'flow' } });
    expect(accepted.status).toBe(202);
    expectDocumented('post', analyze, accepted);
    for (const body of [{ type: 'x' }, { type: 'flow', did: 'nobody.test' }]) {
      expectDocumented('post', analyze, await core.ask(analyze, { token, body }));
    }
    expectDocumented(
      'post',
      analyze,
      await core.ask(analyze, { token, body: 'x', headers: { 'content-type': 'text/plain' } }),
    );
    expectDocumented('post', analyze, await core.ask(analyze, { token, body: 'x'.repeat(70_000) }));
    const id = accepted.body.analysis_id as string;
    expectDocumented('get', one, await core.ask(one.replace('{id}', id), { token }));
    expectDocumented('get', one, await core.ask(one.replace('{id}', randomUUID()), { token }));
    await stores.postgres.query(
      `INSERT INTO timeline_analyses (id, user_id, subject_did, type, time_window, audience, status, duration_ms, result, correlation_id, started_at, finished_at)
       VALUES ($1, $2, $2, 'flow', '48h', 'following', 'completed', 12, $3, 'x', now(), now())`,
      [id, did, JSON.stringify(EXAMPLE)],
    );
    const completed = await core.ask(one.replace('{id}', id), { token });
    expectDocumented('get', one, completed);
    expect(lensAnswer.parse(completed.body.result)).toEqual(EXAMPLE);
    expectDocumented('get', history, await core.ask(history, { token }));
    expectDocumented('get', history, await core.ask(`${history}?limit=0`, { token }));
    for (let index = 0; index < 4; index += 1) await core.ask(analyze, { token, body: { type: 'flow' } });
    const refused = await core.ask(analyze, { token, body: { type: 'flow' } });
    expect(refused.status).toBe(429);
    expectDocumented('post', analyze, refused);
  });

  test('tokens, tickets and their problems', async () => {
    const tokens = await core.sessions.create({ userId: did, handle: null });
    const refresh = '/api/v1/auth/refresh';
    expectDocumented('post', refresh, await core.ask(refresh, { body: { refresh_token: tokens.refreshToken } }));
    expectDocumented('post', refresh, await core.ask(refresh, { body: { refresh_token: 'x' } }));
    expectDocumented('post', refresh, await core.ask(refresh, { body: {} }));
    const ticket = '/api/v1/sse/ticket';
    expectDocumented('post', ticket, await core.ask(ticket, { method: 'POST', token }));
    expectDocumented('post', ticket, await core.ask(ticket, { method: 'POST' }));
    const login = '/api/v1/auth/login';
    for (const body of [{}, { token: 'a.b.c' }, { identifier: 'nobody.test', password: 'x' }]) {
      expectDocumented('post', login, await core.ask(login, { body }));
    }
    expectDocumented('post', '/api/v1/auth/logout', await core.ask('/api/v1/auth/logout', { method: 'POST' }));
  });

  test('the check itself finds a field too many, one too few and one of another type', async () => {
    const { body } = await core.ask(me, { token });
    const schema = validator('get', me, 200);
    expect(schema?.safeParse(body).success).toBe(true);
    expect(schema?.safeParse({ ...body, extra: 1 }).success).toBe(false);
    expect(schema?.safeParse({ ...body, did: 1 }).success).toBe(false);
    const { tier: _, ...less } = body as Record<string, unknown>;
    expect(schema?.safeParse(less).success).toBe(false);
  });
});

describe('the readable reference', () => {
  test('is ours alone, under a policy that allows nobody else', async () => {
    const { status, headers, body } = await core.ask('/docs');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe/);
    expect(body).not.toMatch(/https?:\/\//);
    const files = [...body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path as string);
    expect(files).toHaveLength(4);
    for (const path of files) expect((await core.ask(path)).status).toBe(200);
  });

  test('its files are sent once', async () => {
    const { headers, body } = await core.ask('/docs/swagger-ui-bundle.js');
    expect(headers.get('content-type')).toContain('javascript');
    expect(body.length).toBeGreaterThan(100_000);
    const again = await core.ask('/docs/swagger-ui-bundle.js', {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  test('the public keys are there for the gateways', async () => {
    const { body } = await core.ask('/.well-known/jwks.json');
    expect(body).toEqual(stores.signer.jwks());
    expect(JSON.stringify(body)).not.toMatch(/"d"|"p"|"q"/);
  });
});
