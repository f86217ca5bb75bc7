import { describe, expect, test } from 'vitest';
import { COMMAND_NAMES, type CommandName } from '#pkg/runtime/commands.ts';
import { knownVariables } from '#pkg/runtime/environment.ts';
import { optionsOfCommand, readOptions } from '#pkg/runtime/read-options.ts';
import { compose, metricsPorts, ours, service, servicePorts, services, source, storePorts } from './compose-file.ts';
import { all, isThere, read } from './files.ts';

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
    expect(ours.map(([name]) => name)).toEqual([
      'migrate',
      'indexer',
      'core-api',
      'timeline',
      'gamification',
      'event-router',
      'realtime-gateway',
      'feedgen',
    ]);
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
    '%s: every store and service in its URLs is one on a network of its own',
    (name, { environment, networks }) => {
      const urls = Object.entries(environment).filter(([key]) => key.endsWith('_URL') && key !== 'SKYFLOW_PUBLIC_URL');
      expect(urls.length).toBeGreaterThan(0);
      for (const [, value] of urls) {
        const url = new URL(interpolate(value));
        expect(Number(url.port)).toBe({ ...storePorts, ...servicePorts }[url.hostname]);
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

  test.each(Object.entries(metricsPorts))('%s serves its metrics where Prometheus looks', (name, port) => {
    expect(service(name).environment['SKYFLOW_METRICS_PORT']).toBe(String(port));
    expect(service(name).environment['SKYFLOW_HOST']).toBe('0.0.0.0');
    expect(read('deploy/prometheus/alerts.yml').split('groups:')[0]).toContain(String(port));
    const command = commandOf(service(name).command);
    const own = optionsOfCommand(command).find((one) => one.name === 'metrics-port');
    expect(own?.default).toBe(String(port));
  });

  test('those that answer people listen where Caddy sends them, and no other does', () => {
    const answering = ours.filter(([, one]) => one.networks.includes('edge')).map(([name]) => name);
    expect(answering).toEqual(['core-api', 'gamification', 'realtime-gateway', 'feedgen']);
    for (const name of answering) expect(service(name).environment['SKYFLOW_PORT']).toBe(String(servicePorts[name]));
  });

  test('only what asks the AT network has a way out', () => {
    const outbound = services.filter(([, one]) => one.networks.includes('outbound')).map(([name]) => name);
    expect(outbound).toEqual(['indexer', 'core-api', 'feedgen']);
  });

  test('the key of the sessions is kept, where only the process can read it', () => {
    const folder = service('core-api').environment['SKYFLOW_SESSION_KEY_FOLDER'] ?? '';
    expect(service('core-api').volumes).toEqual([`session-key:${folder}`]);
    expect(read('Dockerfile')).toMatch(new RegExp(`mkdir -m 0700 [^&]*${folder}\\b.*chown node:node [^\\n]*${folder}`));
    const others = services.filter(
      ([name, { volumes }]) => name !== 'core-api' && volumes.join().includes('session-key'),
    );
    expect(others).toEqual([]);
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
