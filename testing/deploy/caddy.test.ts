import { describe, expect, test } from 'vitest';
import { compose, service, servicePorts } from './compose-file.ts';
import { all, read } from './files.ts';

describe('Caddy', () => {
  const caddyfile = read('deploy/Caddyfile');
  const routes = (() => {
    const found: { paths: string[]; upstream: string; block: string }[] = [];
    const matchers = new Map(
      [...caddyfile.matchAll(/^\t@(\w+) path (.+)$/gm)].map((match) => [`@${match[1]}`, (match[2] ?? '').split(' ')]),
    );
    for (const [, matcher = '', block = ''] of caddyfile.matchAll(/^\thandle (\S+) \{\n([\s\S]*?)^\t\}$/gm)) {
      const upstream = /reverse_proxy (\S+)/.exec(block)?.[1] ?? '';
      found.push({ paths: matchers.get(matcher) ?? [matcher], upstream, block });
    }
    return found;
  })();

  test('has the routes of the services that answer people', () => {
    expect(Object.fromEntries(routes.flatMap(({ paths, upstream }) => paths.map((path) => [path, upstream])))).toEqual({
      '/api/*': 'core-api:8000',
      '/webhooks/*': 'core-api:8000',
      '/openapi.json': 'core-api:8000',
      '/docs': 'core-api:8000',
      '/docs/*': 'core-api:8000',
      '/.well-known/jwks.json': 'core-api:8000',
      '/sse': 'realtime-gateway:8003',
      '/xrpc/*': 'feedgen:8094',
      '/.well-known/did.json': 'feedgen:8094',
      '/feeds/*': 'feedgen:8094',
      '/api/v1/feeds': 'feedgen:8094',
      '/api/v1/feeds/*': 'feedgen:8094',
      '/api/admin/*': 'feedgen:8094',
      '/api/v1/leaderboards/*': 'gamification:8002',
      '/api/v1/users/*': 'gamification:8002',
      '/api/v1/achievements': 'gamification:8002',
      '/api/v1/me/achievements': 'gamification:8002',
      '/api/v1/me/streak': 'gamification:8002',
      '/api/v1/me/xp': 'gamification:8002',
      '/api/v1/me/leaderboard': 'gamification:8002',
    });
    expect(all(/reverse_proxy (\S+)/g, caddyfile)).toHaveLength(routes.length);
  });

  test.each(['/api/v1/feeds/*', '/api/v1/me/xp'])('asks who has %s before the rest of the API', (path) => {
    const order = routes.map(({ paths }) => paths);
    expect(order.findIndex((paths) => paths.includes(path))).toBeLessThan(
      order.findIndex((paths) => paths.includes('/api/*')),
    );
  });

  test('sends each to a port that the service has, and is on its network once it is here', () => {
    for (const { upstream } of routes) {
      const [host = '', port] = upstream.split(':');
      expect(Number(port)).toBe(servicePorts[host]);
      const here = compose.services[host];
      if (here !== undefined)
        expect(here.networks.some((network) => service('caddy').networks.includes(network))).toBe(true);
    }
  });

  test('lets server-sent events through at once', () => {
    const sse = routes.find(({ paths }) => paths.includes('/sse'))?.block ?? '';
    expect(sse).toContain('flush_interval -1');
    expect(sse).not.toContain('encode');
  });

  test('answers 503 for what is not there, 404 for the rest, and sets the security headers on both', () => {
    expect(caddyfile).toMatch(/@down expression `\{err\.status_code\} in \[502, 503, 504\]`/);
    expect(caddyfile).toMatch(/\thandle \{\n\t\terror 404\n\t\}/);
    expect(all(/^\t+(import security)$/gm, caddyfile)).toHaveLength(2);
    for (const header of [
      'Strict-Transport-Security',
      'X-Content-Type-Options',
      'Content-Security-Policy',
      'Referrer-Policy',
    ]) {
      expect(caddyfile).toContain(header);
    }
    // In one block, `?` asks for all of its headers to be missing, so a service that sets one would lose the others.
    for (const block of all(/header \{\n([\s\S]*?)\n\t\}/g, caddyfile)) expect(block).not.toContain('?');
    expect(caddyfile).toContain('admin off');
  });

  test('its health check asks its own listener, which is not published', () => {
    const check = service('caddy').healthcheck;
    expect(JSON.stringify(check)).toContain('http://127.0.0.1:2020/');
    expect(caddyfile).toMatch(/^http:\/\/:2020 \{$/m);
    expect(service('caddy').ports.join()).not.toContain('2020');
  });
});
