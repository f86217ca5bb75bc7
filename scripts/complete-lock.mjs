// Completes package-lock.json with the optional packages of other platforms.
//
// npm leaves them out where the registry it asked does not carry them (a mirror, an offline cache), and then `npm ci`
// refuses its own lock file on every machine. Their versions are exact in their parents, and which platform each is for
// is in its name, so nothing has to be fetched. They get no checksum: npm fills that in where it can see them.
// Run it after changing dependencies: `node scripts/complete-lock.mjs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const systems = { windows: 'win32' };
const systemNames = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'win32', 'windows'];
const processors = { armv7: 'arm' };
const processorNames = ['arm64', 'arm', 'armv7', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/** What a name such as `@scope/binding-linux-arm64-musl` says about the platform, in package.json's words. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const system = words.find((word) => systemNames.includes(word));
  const processor = words.find((word) => processorNames.includes(word));
  if (system === undefined || processor === undefined) return undefined;
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    cpu: [processors[processor] ?? processor],
    ...(libc === undefined ? {} : { libc: [libc] }),
    os: [systems[system] ?? system],
  };
}

/** The entries to add for one package of the lock. */
function missingOf(parent, packages) {
  return Object.entries(parent.optionalDependencies ?? {}).flatMap(([name, version]) => {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (packages[path] !== undefined || platform === undefined || !/^\d+\.\d+\.\d+/.test(version)) return [];
    return [[path, { version, ...(parent.dev ? { dev: true } : {}), optional: true, ...platform }]];
  });
}

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = Object.values(lock.packages).flatMap((parent) => missingOf(parent, lock.packages));
const entries = [...Object.entries(lock.packages), ...added];
lock.packages = Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added.length} packages added: ${added.map(([path]) => path.slice('node_modules/'.length)).join(' ')}`);
