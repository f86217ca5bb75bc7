import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { COMMAND_NAMES, type CommandName } from '#pkg/runtime/commands.ts';
import { knownVariables } from '#pkg/runtime/environment.ts';
import { optionsOfCommand, readOptions } from '#pkg/runtime/read-options.ts';
import { all, isThere, read } from './files.ts';

const text = z.string();
const mount = text.regex(/^[^:]+:\/[^:]*(?::ro)?$/);

const serviceSchema = z.object({
  image: text,
  build: text.optional(),
  command: z.array(text).optional(),
  environment: z.record(text, text).default({}),
  ports: z.array(text).default([]),
  volumes: z.array(mount).default([]),
  networks: z.array(text),
  restart: text,
  user: text.optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(text).default([]),
  security_opt: z.array(text),
  mem_limit: text.regex(/^(?:\d+[mg]|\$\{[A-Z_]+:-\d+[mg]\})$/),
  depends_on: z.record(text, z.object({ condition: text })).default({}),
  healthcheck: z.union([z.object({ disable: z.literal(true) }), z.object({ test: z.array(text).min(2) })]).optional(),
});

const source = read('docker-compose.yml');
const compose = z
  .object({
    services: z.record(text, serviceSchema),
    networks: z.record(text, z.object({ internal: z.boolean().optional() })),
    volumes: z.record(text, z.null()),
  })
  .parse(parse(source, { merge: true }));

const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);
const service = (name: string) => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};

/** The ports of all services when run apart, those to come included. */
const servicePorts: Readonly<Record<string, number>> = {
  'core-api': 8000,
  timeline: 8001,
  gamification: 8002,
  'realtime-gateway': 8003,
  search: 8092,
  feedgen: 8094,
};
const storePorts: Readonly<Record<string, number>> = { clickhouse: 8123, postgres: 5432, redis: 6379, nats: 4222 };

/** The command of one of our services, as the table names it. */
const commandOf = (words: readonly string[] | undefined): CommandName => {
  const name = COMMAND_NAMES.find((one) => one === words?.join(' '));
  if (name === undefined) throw new Error(`no such command: ${words?.join(' ')}`);
  return name;
};

/** What compose would put in for `${...}`, given a filled-in .env. */
const interpolate = (value: string): string =>
  value.replace(/\$\{[A-Z_]+:\?[^}]*\}/g, 'abc123').replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');

describe('our services', () => {
  test('are the ones that exist', () => {
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'indexer']);
  });

  test.each(ours)(
    '%s runs a command that exists, with variables that command reads',
    (_name, { command, environment }) => {
      const name = commandOf(command);
      const variables = new Set(optionsOfCommand(name).map(({ env }) => env));
      for (const variable of Object.keys(environment)) expect(variables).toContain(variable);
      const values = Object.entries(environment).map(([key, value]) => [key, interpolate(value)] as const);
      expect(() => readOptions(name, { environment: Object.fromEntries(values) })).not.toThrow();
    },
  );

  test.each(ours)(
    '%s: every store in its URLs is a service on a network of its own',
    (name, { environment, networks }) => {
      const urls = Object.entries(environment).filter(([key]) => key.endsWith('_URL'));
      expect(urls.length).toBeGreaterThan(0);
      for (const [, value] of urls) {
        const url = new URL(interpolate(value));
        expect(Number(url.port)).toBe(storePorts[url.hostname]);
        expect(service(url.hostname).networks.some((network) => networks.includes(network))).toBe(true);
        expect(Object.keys(service(name).depends_on)).toContain(url.hostname);
      }
    },
  );

  test.each(ours)('%s is built here, cannot write its code and has no rights to lose', (_name, built) => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(built.image).toBe(`skyflow:${version}`);
    expect(built.read_only).toBe(true);
    expect(built.cap_drop).toEqual(['ALL']);
  });

  test('the indexer serves its metrics where Prometheus looks', () => {
    expect(service('indexer').environment['SKYFLOW_METRICS_PORT']).toBe('8091');
    expect(service('indexer').environment['SKYFLOW_HOST']).toBe('0.0.0.0');
  });
});

describe('every service', () => {
  test.each(services)('%s has an exact image', (_name, { image }) => {
    expect(image).toMatch(/^[a-z0-9/-]+:\d+\.\d+\.\d+[\w.-]*$|^postgres:\d+\.\d+-\w+$/);
  });

  test.each(services)('%s has a health check, unless it runs once', (_name, { healthcheck, build, restart }) => {
    const once = restart === 'no';
    const isChecked =
      healthcheck === undefined
        ? build !== undefined && /^HEALTHCHECK/m.test(read('Dockerfile'))
        : 'test' in healthcheck;
    expect(isChecked).toBe(!once);
    expect(['no', 'unless-stopped']).toContain(restart);
  });

  test.each(services)('%s waits for what it needs in the way that fits', (_name, { depends_on }) => {
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      const once = service(needed).restart === 'no';
      expect(condition).toBe(once ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  test.each(services)(
    '%s mounts named volumes and files that are there',
    (_name, { volumes, networks, security_opt }) => {
      for (const volume of volumes) {
        const [from = '', , mode] = volume.split(':');
        if (from.startsWith('./')) {
          expect(isThere(from.slice(2))).toBe(true);
          expect(mode).toBe('ro');
        } else {
          expect(Object.keys(compose.volumes)).toContain(from);
        }
      }
      for (const network of networks) expect(Object.keys(compose.networks)).toContain(network);
      expect(security_opt).toContain('no-new-privileges:true');
    },
  );

  test('only Caddy is published, and the stores have no way out', () => {
    const published = services.filter(([, one]) => one.ports.length > 0).map(([name]) => name);
    expect(published).toEqual(['caddy']);
    expect(compose.networks['stores']?.internal).toBe(true);
    for (const store of Object.keys(storePorts)) expect(service(store).networks).toEqual(['stores']);
    expect(service('caddy').networks).not.toContain('stores');
  });

  test('what is kept is on a volume, and no volume is left over', () => {
    const mounted = services.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[0]));
    expect(new Set(mounted.filter((from) => !from?.startsWith('.')))).toEqual(new Set(Object.keys(compose.volumes)));
    // From version 18 on the image refuses a volume on .../data.
    expect(service('postgres').volumes).toEqual(['postgres-data:/var/lib/postgresql']);
  });
});

describe('the variables', () => {
  const example = read('.env.example');
  const offered = new Map(
    all(/^([A-Z_]+)=.*$/gm, example).map((name) => [name, new RegExp(`^${name}=(.*)$`, 'm').exec(example)?.[1] ?? '']),
  );
  const used = new Set(all(/\$\{([A-Z_]+)/g, source));

  test('are all in .env.example, and nothing else is', () => {
    expect([...offered.keys()].toSorted()).toEqual([...used].toSorted());
  });

  test('that hold secrets have no default and stop compose with a sentence', () => {
    const secrets = [...used].filter((name) => /PASSWORD|TOKEN|SECRET|KEY/.test(name));
    expect(secrets.toSorted()).toEqual(['CLICKHOUSE_PASSWORD', 'NATS_TOKEN', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD']);
    for (const name of secrets) {
      expect(offered.get(name)).toBe('');
      const uses = source.split(`\${${name}`).slice(1);
      for (const rest of uses) expect(rest).toMatch(/^:\?set it in \.env, see \.env\.example\}/);
    }
  });

  test('named like ours are ours', () => {
    for (const name of used) if (name.startsWith('SKYFLOW_')) expect(knownVariables()).toContain(name);
  });

  test('of the stores are the ones that their configuration reads', () => {
    expect(service('clickhouse').environment['STORE_PASSWORD']).toContain('CLICKHOUSE_PASSWORD');
    expect(read('deploy/clickhouse/users.xml')).toContain('<password from_env="STORE_PASSWORD"/>');
    expect(read('deploy/nats/nats.conf')).toContain('token: $STORE_TOKEN');
    // Unquoted, a token such as 12e4 would be read as a broken number.
    expect(service('nats').environment['STORE_TOKEN']).toMatch(/^"\$\{NATS_TOKEN:.*\}"$/);
    // `$$` is a dollar sign for the container's own shell.
    expect(service('redis').command?.join(' ')).toContain('requirepass $$STORE_PASSWORD\n');
    expect(service('caddy').environment['SITE_ADDRESS']).toBe('${SITE_ADDRESS:-localhost}');
  });
});

describe('Redis and NATS', () => {
  test('keep what was acknowledged', () => {
    expect(read('deploy/redis/redis.conf')).toMatch(/^appendonly yes$/m);
    expect(read('deploy/redis/redis.conf')).toMatch(/^maxmemory-policy noeviction$/m);
    const [, limit] = /^maxmemory (\d+)mb$/m.exec(read('deploy/redis/redis.conf')) ?? [];
    expect(Number(limit)).toBeLessThan(Number.parseInt(service('redis').mem_limit, 10));
    expect(read('deploy/nats/nats.conf')).toMatch(/^jetstream \{\n {2}store_dir: "\/data"$/m);
  });
});

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
      '/sse': 'realtime-gateway:8003',
      '/xrpc/*': 'feedgen:8094',
      '/.well-known/did.json': 'feedgen:8094',
    });
    expect(all(/reverse_proxy (\S+)/g, caddyfile)).toHaveLength(routes.length);
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
