import { expect, test } from 'vitest';
import { type RouterOperator, routerOutcome } from './router.ts';
import { adminApp } from './server.ts';

const never = () => Promise.reject(new Error('asked'));
const post = (router: RouterOperator | undefined, body: unknown) =>
  adminApp({ sql: never, status: never, analyze: never, router }).request('/router', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('a request goes to the operator, and its outcome comes back', async () => {
  const asked: unknown[] = [];
  const operator = (async (request: unknown) => {
    asked.push(request);
    return { ok: true, answer: { letters: [], total: 0 } };
  }) as RouterOperator;
  const response = await post(operator, { action: 'dead_letters', limit: 20 });
  expect(response.status).toBe(200);
  expect(asked).toEqual([{ action: 'dead_letters', limit: 20 }]);
  expect(routerOutcome('dead_letters').parse(await response.json())).toEqual({
    ok: true,
    answer: { letters: [], total: 0 },
  });
});

test.each([
  { action: 'explode' },
  { action: 'dead_letters', limit: 0 },
  { action: 'replay', sinceMs: -1, again: false, dryRun: false },
  { action: 'trace', id: '' },
  undefined,
])('%j is not understood', async (body) => {
  expect((await post(never as RouterOperator, body)).status).toBe(422);
});

test('a process that audits nothing has no such route', async () => {
  expect((await post(undefined, { action: 'dead_letters', limit: 20 })).status).toBe(404);
});

test('the answer to another request is not taken for one', () => {
  const outcome = { ok: true, answer: { letters: [], total: 0 } };
  expect(routerOutcome('dead_letters').safeParse(outcome).success).toBe(true);
  expect(routerOutcome('trace').safeParse(outcome).success).toBe(false);
  expect(routerOutcome('trace').safeParse({ ok: false, message: 'm', hint: 'h' }).success).toBe(true);
});
