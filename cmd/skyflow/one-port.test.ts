import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { GAMIFICATION_PATHS } from '#pkg/gamification/rest/rest.ts';
import { read } from '#testing/deploy/files.ts';
import { API_PATHS, type App, onePort } from './one-port.ts';

const named = (name: string): App => ({
  fetch: (_, env) => new Response(`${name} ${env.incoming?.socket.remoteAddress}`),
});

const bindings = { incoming: { socket: { remoteAddress: '10.0.0.9' } } as unknown as IncomingMessage };

describe('one port', () => {
  const app = onePort({
    api: named('api'),
    gamification: named('gamification'),
    feeds: named('feeds'),
    sse: named('sse'),
    page: named('page'),
  });
  const ask = async (path: string, method = 'GET'): Promise<string> =>
    (await app.fetch(new Request(`http://h${path}`, { method }), bindings)).text();

  test.each([
    ['/', 'page'],
    ['/status.json', 'page'],
    ['/health', 'page'],
    ['/sse', 'sse'],
    ['/sse?ticket=x', 'sse'],
    ['/ssee', 'page'],
    ['/api/v1/me', 'api'],
    ['/api/v1/nothing', 'api'],
    ['/api/v1/me/xp', 'gamification'],
    ['/api/v1/leaderboards/weekly', 'gamification'],
    ['/api/v1/users/did:web:example.com/stats', 'gamification'],
    ['/api/v1/feeds', 'feeds'],
    ['/api/v1/feeds/whats-hot/explain', 'feeds'],
    ['/api/v1/feedss', 'api'],
    ['/api/admin/bans', 'feeds'],
    ['/feeds/whats-hot.rss', 'feeds'],
    ['/xrpc/app.bsky.feed.getFeedSkeleton', 'feeds'],
    ['/.well-known/did.json', 'feeds'],
    ['/openapi.json', 'api'],
    ['/docs', 'api'],
    ['/docs/swagger-ui.css', 'api'],
    ['/.well-known/jwks.json', 'api'],
    ['/.well-known/other', 'page'],
    ['//api/v1/me', 'page'],
  ])('%s goes to the %s, with the bindings of the server', async (path, name) => {
    expect(await ask(path)).toBe(`${name} 10.0.0.9`);
    expect(await ask(path, 'POST')).toBe(`${name} 10.0.0.9`);
  });

  test('Caddy sends the same paths to gamification', () => {
    const [, paths = ''] = /^\t@gamification path (.+)$/m.exec(read('deploy/Caddyfile')) ?? [];
    expect(paths.split(' ').toSorted()).toEqual(GAMIFICATION_PATHS.toSorted());
  });

  test('Caddy sends the same paths to core-api', () => {
    const [, paths = ''] = /^\t@api path (.+)$/m.exec(read('deploy/Caddyfile')) ?? [];
    expect(paths.split(' ').filter((path) => path !== '/webhooks/*')).toEqual(API_PATHS);
    expect(parse(read('docker-compose.yml'))).toHaveProperty(
      'services.core-api.environment.SKYFLOW_TRUSTED_PROXIES',
      '1',
    );
  });
});
