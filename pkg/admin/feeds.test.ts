import { expect, test } from 'vitest';
import { type FeedsOperator, feedsOutcome } from './feeds.ts';
import { adminApp } from './server.ts';

const appWith = (feeds: FeedsOperator | undefined) =>
  adminApp({
    sql: async () => ({ ok: true, output: '' }),
    status: async () => ({}),
    analyze: async () => ({ ok: false, message: '', hint: '' }),
    feeds,
  });

const post = (feeds: FeedsOperator | undefined, body: unknown) =>
  appWith(feeds).request('/feeds', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('a request goes to the operator, and its outcome comes back', async () => {
  const asked: unknown[] = [];
  const operator = (async (request: unknown) => {
    asked.push(request);
    return { ok: true, answer: { subject: 'did:plc:a', changed: true } };
  }) as FeedsOperator;
  const response = await post(operator, { action: 'ban', subject: 'a.example.com', reason: '' });
  expect(response.status).toBe(200);
  expect(asked).toEqual([{ action: 'ban', subject: 'a.example.com', reason: '' }]);
  expect(feedsOutcome('ban').parse(await response.json())).toMatchObject({ ok: true, answer: { changed: true } });
});

test.each([
  { action: 'explode' },
  { action: 'ban', subject: '', reason: '' },
  { action: 'preview', rkey: 'r', langs: [], limit: 0 },
  { action: 'members', rkey: 'r', add: 'a', remove: [] },
  undefined,
])('%j is not understood', async (body) => {
  const never = (async () => {
    throw new Error('asked');
  }) as FeedsOperator;
  expect((await post(never, body)).status).toBe(422);
});

test('a process without feeds has no such route', async () => {
  expect((await post(undefined, { action: 'list' })).status).toBe(404);
});

test('the answer to another request is not taken for one', () => {
  const outcome = { ok: true, answer: { subject: 's', changed: true } };
  expect(feedsOutcome('ban').safeParse(outcome).success).toBe(true);
  expect(feedsOutcome('keys').safeParse(outcome).success).toBe(false);
  expect(feedsOutcome('keys').safeParse({ ok: false, message: 'm', hint: 'h' }).success).toBe(true);
});
