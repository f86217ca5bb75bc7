import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { gamificationDocument } from './described.ts';
import { GAMIFICATION_PATHS } from './rest.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; schema: object }[];
}

const document = gamificationDocument('https://skyflow.test/');
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ method, path, operation })),
);

test('the document has every route, each described', () => {
  expect(operations.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    'get /api/v1/achievements',
    'get /api/v1/leaderboards/following',
    'get /api/v1/leaderboards/global',
    'get /api/v1/leaderboards/weekly',
    'get /api/v1/me/achievements',
    'get /api/v1/me/leaderboard',
    'get /api/v1/me/streak',
    'get /api/v1/me/xp',
    'get /api/v1/users/{did}/stats',
    'put /api/v1/me/leaderboard',
  ]);
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  const tags = new Set(document.tags?.map(({ name }) => name));
  for (const { path, operation } of operations) {
    expect([operation.summary, operation.description], path).not.toContain(undefined);
    for (const tag of operation.tags ?? []) expect(tags, path).toContain(tag);
  }
});

test('what is one’s own needs a session, the rest does not', () => {
  for (const { path, operation } of operations) {
    const own = path.includes('/me/') || path.endsWith('/following');
    expect(operation.security, path).toEqual(own ? [{ session: [] }] : [{ session: [] }, {}]);
  }
});

test('the paths that are handed to the app are those of the document, and none of core-api’s', async () => {
  const app = new Hono();
  for (const path of GAMIFICATION_PATHS) app.all(path, (c) => c.text('ours'));
  const isOurs = async (path: string) => (await app.request(path)).status === 200;
  for (const { path } of operations) expect(await isOurs(path.replace('{did}', 'did:plc:x')), path).toBe(true);
  for (const path of [
    '/api/v1/me',
    '/api/v1/me/export',
    '/api/v1/timeline/analyses',
    '/api/v1/feeds',
    '/openapi.json',
  ]) {
    expect(await isOurs(path), path).toBe(false);
  }
});
