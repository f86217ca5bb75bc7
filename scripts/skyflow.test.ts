import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkout, finish } from './checkout-fixture.ts';

let checkout: Checkout;

beforeEach(() => {
  checkout = new Checkout();
});

afterEach(() => {
  checkout.remove();
});

/** Code that runs before the script, to make this Node look like another. */
const pretend = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
const asNode18 = pretend(`Object.defineProperty(process.versions, 'node', { value: '18.0.0' });`);

describe('the first start', () => {
  it('installs the locked packages and hands the arguments on', async () => {
    const outcome = await checkout.skyflow(['sql', 'SELECT 1', '--format', 'x y']);
    expect(outcome).toMatchObject({ code: 0, stdout: '{"argv":["sql","SELECT 1","--format","x y"]}\n' });
    expect(outcome.stderr).toContain('npm says hello');
    expect(checkout.calls('npm')).toHaveLength(1);
    expect(checkout.calls('npm')[0]).toMatch(/^ci .*--include=dev --include=optional/);
  });

  it('keeps an outer npm’s settings away from the inner one, and the folder it deletes out of its PATH', async () => {
    const bin = join(checkout.root, 'node_modules', '.bin');
    const env = checkout.environment({
      npm_config_omit: 'dev',
      npm_config_global: 'true',
      npm_config_cache: '/c',
      NODE_ENV: 'production',
    });
    const path = `${bin}:${env['PATH']}`;
    await checkout.run(['scripts/skyflow.mjs'], { ...env, PATH: path });
    const seen = checkout.calls('npm-env').join('\n');
    expect(seen).toContain('npm_config_cache=/c');
    expect(seen).not.toMatch(/npm_config_(omit|global)|NODE_ENV|node_modules/);
  });

  it('happens once when several start together', async () => {
    checkout.mark('npm-is-slow');
    const outcomes = await Promise.all([1, 2, 3].map(() => checkout.skyflow(['x'])));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(checkout.calls('npm')).toHaveLength(1);
  });

  it('that fails says so, and is tried again by the next', async () => {
    checkout.mark('npm-fails');
    const failed = await checkout.skyflow(['x']);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('`npm ci` failed (exit 1)');
    checkout.unmark('npm-fails');
    expect(await checkout.skyflow(['x'])).toMatchObject({ code: 0 });
    expect(checkout.calls('npm')).toHaveLength(2);
  });

  it('says so when there is no npm', async () => {
    const outcome = await checkout.run(
      ['scripts/skyflow.mjs'],
      checkout.environment({}, join(checkout.base, 'nothing')),
    );
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('npm could not be started (ENOENT)');
  });

  it.each<[string, string[], Record<string, string>]>([
    ['--no-install', ['--no-install'], {}],
    ['SKYFLOW_NO_INSTALL=1', [], { SKYFLOW_NO_INSTALL: '1' }],
    ['`npm start --no-install`, as npm passes it on', [], { npm_config_install: '' }],
  ])('is forbidden by %s', async (_, args, env) => {
    const outcome = await checkout.skyflow(['up', ...args], env);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('installing is switched off');
    expect(outcome.stderr).toContain('Run `npm ci` in');
    expect(checkout.calls('npm')).toEqual([]);
  });

  it('has nothing to do after an `npm ci` by hand, which is what --no-install asks for', async () => {
    checkout.lock({
      'node_modules/ws': { version: '1.0.0' },
      'node_modules/elsewhere': { version: '2.0.0', optional: true },
    });
    checkout.write('node_modules/.package-lock.json', '{"packages":{"node_modules/ws":{"version":"1.0.0"}}}');
    expect(await checkout.skyflow(['x', '--no-install'])).toMatchObject({ code: 0 });
    expect(await checkout.skyflow(['x'])).toMatchObject({ code: 0 });
    expect(checkout.calls('npm')).toEqual([]);
  });
});

describe('later starts', () => {
  it('do nothing, quickly, and keep our switches to themselves', async () => {
    await checkout.skyflow(['x']);
    const startMs = performance.now();
    const outcome = await checkout.skyflow(['x', '--no-install'], { SKYFLOW_NO_INSTALL: '1' });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(outcome).toEqual({ code: 0, signal: null, stdout: '{"argv":["x"]}\n', stderr: '' });
    expect(checkout.calls('npm')).toHaveLength(1);
  });

  it('install again when the lock has changed', async () => {
    await checkout.skyflow(['x']);
    checkout.lock({ 'node_modules/ws': { version: '1.0.1', integrity: 'sha512-y' } });
    await checkout.skyflow(['x']);
    expect(checkout.calls('npm')).toHaveLength(2);
  });

  it('leave what comes after -- alone', async () => {
    const { stdout } = await checkout.skyflow(['x', '--', '--no-install']);
    expect(stdout).toBe('{"argv":["x","--","--no-install"]}\n');
  });
});

describe('an old Node', () => {
  const bundled = () => join(checkout.root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');

  it('is replaced by the one among the packages', async () => {
    mkdirSync(bundled(), { recursive: true });
    symlinkSync(process.execPath, join(bundled(), 'node'));
    checkout.program('console.log(process.argv0)');
    const outcome = await checkout.run([...asNode18, 'scripts/skyflow.mjs', 'x']);
    expect(outcome.stdout.trim()).toBe(join(bundled(), 'node'));
  });

  it.each([
    ['linux', 'https://nodejs.org'],
    ['darwin', 'brew install node'],
  ])('without one is refused on %s with what to do', async (platform, hint) => {
    const on = pretend(`Object.defineProperty(process, 'platform', { value: '${platform}' });`);
    const outcome = await checkout.run([...asNode18, ...on, 'scripts/skyflow.mjs', 'x']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('Skyflow needs Node 24 or newer, this is 18.0.0');
    expect(outcome.stderr).toContain(hint);
  });

  it('is said to be the reason when the bundled one cannot start here', async () => {
    mkdirSync(bundled(), { recursive: true });
    // A program for another C library fails in the same way: its loader is not there.
    checkout.write(`node_modules/node-${process.platform}-${process.arch}/bin/node`, '#!/nowhere/ld-other.so\n');
    chmodSync(join(bundled(), 'node'), 0o755);
    const outcome = await checkout.run([...asNode18, 'scripts/skyflow.mjs', 'x']);
    expect(outcome.stderr).toContain('Skyflow needs Node 24 or newer');
    expect(outcome.code).toBe(1);
  });
});

describe('the end of the program', () => {
  it('is passed on as its exit code', async () => {
    checkout.program('process.exitCode = 75;');
    expect(await checkout.skyflow(['x'])).toMatchObject({ code: 75, signal: null });
  });

  it('is passed on as its signal', async () => {
    checkout.program(`process.kill(process.pid, 'SIGKILL');`);
    expect(await checkout.skyflow(['x'])).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('comes with a %s, of which it gets exactly one', async (signal) => {
    checkout.program(`
      let count = 0;
      process.on('${signal}', () => {
        count += 1;
        setTimeout(() => { console.log('got', count); process.exit(9); }, 200);
      });
      setInterval(() => {}, 1000);
      console.log('up');`);
    const child = checkout.start(['scripts/skyflow.mjs', 'x']);
    child.stdout.once('data', () => child.kill(signal));
    expect(await finish(child)).toMatchObject({ code: 9, stdout: 'up\ngot 1\n' });
  });
});
