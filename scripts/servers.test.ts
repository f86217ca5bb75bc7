import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkout, type Outcome } from './checkout-fixture.ts';

let checkout: Checkout;
let policyFile: string;

beforeEach(() => {
  checkout = new Checkout();
  policyFile = join(checkout.base, 'policy-rc.d');
  checkout.stub('systemctl', '#!/bin/sh\necho "$@" >> "$CALLS/systemctl"\n');
});

afterEach(() => {
  checkout.remove();
});

/** Says how it was called, what it found in the way, and puts the program there on `install` unless told not to. */
const packageManager = (name: string) => `#!/bin/sh
echo "$@" >> "$CALLS/${name}"
echo "$DEBIAN_FRONTEND" >> "$CALLS/frontend"
[ -e "${policyFile}" ] && cp "${policyFile}" "$CALLS/policy"
echo "${name} says hello"
[ -e "$CALLS/${name}-fails" ] && exit 100
[ -e "$CALLS/${name}-forgets" ] && exit 0
case "$*" in *install*) printf '#!/bin/sh\\n' > "$BIN/fake-server"; chmod 755 "$BIN/fake-server" ;; esac
exit 0
`;

const SUDO = `#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS/sudo"
[ "$1" = -n ] && shift
[ -e "$CALLS/sudo-asks" ] && exit 1
exec "$@"
`;

interface Case {
  noInstall?: boolean;
  root?: boolean;
  path?: string;
}

/** Asks for a server that no machine has. */
function ensure({ noInstall = false, root = true, path }: Case = {}): Promise<Outcome> {
  const packages = { apt: 'fake-apt', dnf: 'fake-dnf', brew: 'fake-brew' };
  const code = `
    process.getuid = () => ${root ? 0 : 1000};
    const { ensureServers } = await import('./scripts/servers.mjs');
    const { report } = await import('./scripts/stop.mjs');
    const wanted = [{ names: ['fake-server'], urlName: 'FAKE_URL', packages: ${JSON.stringify(packages)} }];
    try { ensureServers(wanted, ${JSON.stringify({ noInstall, policyFile })}); console.log('ready'); } catch (error) { report(error); process.exitCode = 1; }`;
  const env = checkout.environment({ BIN: checkout.stubsOnly }, path ?? `${checkout.stubsOnly}:/usr/bin:/bin`);
  return checkout.run(['--input-type=module', '-e', code], env);
}

describe('a missing server', () => {
  it('is installed with apt-get as root, after an update, saying so first', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    const outcome = await ensure();
    expect(outcome).toMatchObject({ code: 0, stdout: 'ready\n' });
    const calls = checkout.calls('apt');
    expect(calls.map((call) => call.replace(/^-o \S+ /, ''))).toEqual([
      'update',
      'install -y --no-install-recommends fake-apt',
    ]);
    expect(checkout.calls('frontend')).toEqual(['noninteractive', 'noninteractive']);
    expect(outcome.stderr.indexOf('installing fake-apt with `apt-get`')).toBeLessThan(
      outcome.stderr.indexOf('apt says hello'),
    );
    expect(outcome.stderr).toContain('installing fake-apt');
  });

  it('is not looked for again once it is there', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    await ensure();
    expect(await ensure({ noInstall: true })).toMatchObject({ code: 0, stderr: '' });
    expect(checkout.calls('apt')).toHaveLength(2);
  });

  it('cannot be started by Debian’s package scripts meanwhile; afterwards the ban is gone', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    await ensure();
    const policy = checkout.calls('policy').join('\n');
    expect(policy).toContain('redis*|nats*|postgresql*) exit 101');
    expect(existsSync(policyFile)).toBe(false);
  });

  it('leaves no ban behind when apt-get fails, nor one of an earlier kill', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    checkout.mark('apt-fails');
    writeFileSync(policyFile, '#!/bin/sh\n# skyflow-temporary\nexit 101\n');
    const outcome = await ensure();
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(
      /fake-server cannot be found and could not be installed: apt-get failed \(exit 100\)/,
    );
    expect(outcome.stderr).toMatch(/set FAKE_URL/);
    expect(existsSync(policyFile)).toBe(false);
  });

  it('leaves a ban of the machine’s owner alone', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    writeFileSync(policyFile, '#!/bin/sh\nexit 101\n');
    await ensure();
    expect(readFileSync(policyFile, 'utf8')).toBe('#!/bin/sh\nexit 101\n');
  });

  it('is installed through sudo by anybody else', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    checkout.stub('sudo', SUDO);
    const outcome = await ensure({ root: false });
    expect(outcome).toMatchObject({ code: 0, stdout: 'ready\n' });
    expect(outcome.stderr).toContain('with `sudo -n apt-get`');
    expect(checkout.calls('sudo')[0]).toBe('-n true');
    expect(checkout.calls('sudo')[1]).toMatch(/^-n sh -c/);
  });

  it('is not asked a password for where nobody can answer', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    checkout.stub('sudo', SUDO);
    checkout.mark('sudo-asks');
    const outcome = await ensure({ root: false });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('apt-get needs root, and sudo is not here or asks for a password');
    expect(checkout.calls('apt')).toEqual([]);
  });

  it('is installed with dnf where that is the package manager', async () => {
    checkout.stub('dnf', packageManager('dnf').replaceAll(/\b(chmod|cp) /g, '/bin/$1 '));
    const outcome = await ensure({ path: checkout.stubsOnly });
    expect(outcome).toMatchObject({ code: 0, stdout: 'ready\n' });
    expect(checkout.calls('dnf')).toEqual(['install -y fake-dnf']);
  });

  it('is installed with brew, never as root', async () => {
    checkout.stub('brew', packageManager('brew').replaceAll(/\b(chmod|cp) /g, '/bin/$1 '));
    const outcome = await ensure({ path: checkout.stubsOnly, root: false });
    expect(outcome).toMatchObject({ code: 0, stdout: 'ready\n' });
    expect(checkout.calls('brew')).toEqual(['install fake-brew']);
  });

  it.each<[string, Case, RegExp]>([
    ['without a package manager', { path: '/nowhere' }, /neither apt-get nor dnf nor brew is here/],
    ['with --no-install', { noInstall: true }, /installing is switched off/],
  ])('%s ends with what to do', async (_, options, message) => {
    checkout.stub('apt-get', packageManager('apt'));
    const outcome = await ensure(options);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).toMatch(/Install fake-server yourself .*or set FAKE_URL/);
    expect(checkout.calls('apt')).toEqual([]);
  });

  it('that the package manager claims to have installed is looked for', async () => {
    checkout.stub('apt-get', packageManager('apt'));
    checkout.mark('apt-forgets');
    expect((await ensure()).stderr).toContain('the package manager did not bring it');
  });
});

describe('which servers a command needs', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['redis-server,nats-server', ['up'], {}],
    ['redis-server,nats-server', ['up'], { REDIS_URL: '', NATS_URL: '' }],
    ['nats-server', ['up'], { REDIS_URL: 'redis://x' }],
    ['redis-server', ['up'], { NATS_URL: 'nats://x' }],
    ['redis-server', ['indexer'], {}],
    ['', ['indexer'], { REDIS_URL: 'redis://x' }],
    ['redis-server,nats-server', ['demo'], { REDIS_URL: 'redis://x', NATS_URL: 'nats://x' }],
    ['redis-server,nats-server', ['common'], { REDIS_URL: 'redis://x', NATS_URL: 'nats://x' }],
    ['nats-server', ['up', '--env-file', 'my.env'], {}],
    ['nats-server', ['up', '--env-file=my.env'], {}],
    ['nats-server', ['up'], { SKYFLOW_ENV_FILE: 'my.env' }],
    ['redis-server,nats-server', ['up', '--env-file', 'missing.env'], {}],
    ['redis-server,nats-server', ['up', '--env-file'], {}],
    ['', ['up', '--help'], {}],
    ['', ['sql', 'SELECT 1'], {}],
    ['', ['simulate'], {}],
    ['', ['constructor'], {}],
    ['', [], {}],
  ])('%j for %j with %j', async (expected, args, env) => {
    checkout.write('my.env', `# NATS_URL=nats://x\nNATS_URL=\nexport REDIS_URL = "redis://x"\n`);
    const code = `
      const { serversFor } = await import('./scripts/servers.mjs');
      const wanted = serversFor(${JSON.stringify(args[0])}, ${JSON.stringify(args)}, ${JSON.stringify(env)});
      console.log(wanted.map((server) => server.names[0]).join());`;
    expect((await checkout.run(['--input-type=module', '-e', code])).stdout.trim()).toBe(expected);
  });
});
