import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { statusPage } from './page.ts';

const app = statusPage(() => Promise.reject(new Error('password')));

const bodyOf = (html: string, tag: string): string => {
  const [, text = ''] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html) ?? [];
  return text;
};

test('the policy allows exactly the style and the script of the page', async () => {
  const response = await app.request('/');
  const policy = response.headers.get('content-security-policy') ?? '';
  const html = await response.text();
  for (const tag of ['style', 'script']) {
    const text = bodyOf(html, tag);
    expect(text.length).toBeGreaterThan(1_000);
    const hash = createHash('sha256').update(text).digest('base64');
    expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
  }
  expect(policy).not.toContain('unsafe');
});

test('the page asks nobody but its own server', async () => {
  const html = await (await app.request('/')).text();
  expect(html).not.toMatch(/(?:src|href)="(?!data:|\/)/);
  expect(html).not.toMatch(/style="/);
});

test('pictures of feeds may come from this server, and from no other', async () => {
  const policy = (await app.request('/')).headers.get('content-security-policy') ?? '';
  const directives = new Map(policy.split('; ').map((one) => [one.split(' ', 1)[0], one.split(' ').slice(1)]));
  expect(directives.get('img-src')).toEqual(['data:', "'self'"]);
  expect(directives.get('connect-src')).toEqual(["'self'"]);
  expect(directives.get('default-src')).toEqual(["'none'"]);
});

test('every element that the script names is on the page', async () => {
  const html = await (await app.request('/')).text();
  const named = bodyOf(html, 'script').matchAll(/\b(?:el|text|show|fill)\('([a-z-]+)'/g);
  const ids = new Set([...named].map(([, id]) => id));
  expect(ids.size).toBeGreaterThan(20);
  expect(ids).toContain('feed-list');
  for (const id of ids) expect(html, id).toContain(`id="${id}"`);
});

test('a store in trouble is no stack and no secret', async () => {
  const response = await app.request('/status.json');
  expect(response.status).toBe(503);
  const text = await response.text();
  expect(text).not.toContain('password');
  expect(JSON.parse(text)).toEqual({
    error: 'ServiceUnavailable',
    message: expect.stringMatching(/\.$/),
    request_id: expect.any(String),
  });
});
