import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findExecutable } from '../../scripts/executables.mjs';

/** Debian and Homebrew keep the server's programs out of PATH, in a folder for each major version. */
const homes = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];

/**
 * The newest PostgreSQL whose `initdb` and `postgres` are on this machine.
 * @returns {{ initdb: string, postgres: string } | undefined} absolute paths
 */
export function findPostgres() {
  const folders = homes.flatMap(versionsIn).sort((a, b) => b.version - a.version);
  for (const path of [...folders.map(({ bin }) => bin), process.env.PATH ?? '']) {
    const [initdb, postgres] = ['initdb', 'postgres'].map((name) => findExecutable([name], path));
    if (initdb !== undefined && postgres !== undefined) return { initdb, postgres };
  }
  return undefined;
}

function versionsIn(home) {
  try {
    return readdirSync(home).flatMap((name) => {
      const version = Number(/^(?:postgresql@)?(\d+)$/.exec(name)?.[1]);
      return Number.isNaN(version) ? [] : [{ version, bin: join(home, name, 'bin') }];
    });
  } catch {
    return [];
  }
}
