import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';

/** One numbered migration, read from its two files. */
export interface Migration {
  /** 1, 2, 3, ... without holes. */
  version: number;
  /** The words after the number: `users`. */
  name: string;
  upSql: string;
  downSql: string;
  /** SHA-256 of the up file in hex, line endings made equal first: git may check it out with others. */
  checksum: string;
  /** Path of the up file, for messages. */
  upPath: string;
}

const FILE_NAME = /^(\d{4})_([a-z0-9][a-z0-9_]*)\.(up|down)\.sql$/;

/**
 * The migrations of a folder in order. Files are `0001_name.up.sql` and `0001_name.down.sql`; `schema.sql` and files that
 * are not SQL are passed over. A missing half, a hole or a number used twice is a UserError that names the file.
 */
export async function readMigrations(dir: string): Promise<Migration[]> {
  const halves = new Map<string, { version: number; name: string; up?: string; down?: string }>();
  for (const file of (await listFolder(dir)).toSorted()) {
    if (!file.endsWith('.sql') || file === 'schema.sql') continue;
    const [, number, name, direction] = FILE_NAME.exec(file) ?? [];
    if (number === undefined || name === undefined) {
      throw new UserError(`${join(dir, file)} is not named like a migration.`, {
        hint: 'Name it like 0001_add_users.up.sql and 0001_add_users.down.sql.',
      });
    }
    const half = halves.get(`${number}_${name}`) ?? { version: Number(number), name };
    half[direction === 'up' ? 'up' : 'down'] = join(dir, file);
    halves.set(`${number}_${name}`, half);
  }
  const migrations: Migration[] = [];
  for (const half of halves.values()) {
    const { version, name, up, down } = half;
    if (up === undefined || down === undefined) {
      throw new UserError(`${up ?? down} has no ${up === undefined ? 'up' : 'down'} file beside it.`, {
        hint: 'Every migration has two files, .up.sql and .down.sql.',
      });
    }
    if (version !== migrations.length + 1) {
      throw new UserError(`${up} has number ${version}, but ${migrations.length + 1} comes next.`, {
        hint: 'Number migrations 0001, 0002, ... without holes or repeats: rename the newer one.',
      });
    }
    const upSql = await readFile(up, 'utf8');
    const downSql = await readFile(down, 'utf8');
    migrations.push({ version, name, upSql, downSql, checksum: checksumOf(upSql), upPath: up });
  }
  return migrations;
}

/** Makes the next pair of files in `dir`, with a comment to start from, and returns their paths. */
export async function createMigration(dir: string, title: string): Promise<{ up: string; down: string }> {
  const name = title
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  if (!/^[a-z0-9][a-z0-9_]{0,59}$/.test(name)) {
    throw new UserError(`"${title}" cannot be a migration's name.`, {
      hint: 'Use up to 60 letters, digits and underscores: add_labels.',
    });
  }
  const number = String((await readMigrations(dir)).length + 1).padStart(4, '0');
  const up = join(dir, `${number}_${name}.up.sql`);
  const down = join(dir, `${number}_${name}.down.sql`);
  // `wx`: two people (or a person and a script) who create at once must not overwrite each other.
  await writeFile(up, `-- Why: \n`, { flag: 'wx' });
  await writeFile(down, `-- Undoes ${number}_${name}.up.sql.\n`, { flag: 'wx' });
  return { up, down };
}

/** SHA-256 in hex, over the text with LF line endings. */
export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
}

async function listFolder(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new UserError(`The folder of migrations ${dir} does not exist.`, {
      hint: 'Run skyflow from a complete checkout.',
      cause: error,
    });
  }
}
