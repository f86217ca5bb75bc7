import { open, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';
import { type Postgres, type Querier, TYPE_READERS } from '#pkg/postgres/postgres.ts';

/** The major version that the locked PGlite carries. Its folders cannot be opened by another. */
export const EMBEDDED_MAJOR = '18';

/**
 * Opens the embedded Postgres in `dir`, making it on the first start (1-4 s). One process at a time: the caller holds the
 * data folder's lock.
 *
 * A kill while the folder is being made must not leave one that looks finished. So it is made as `<dir>.tmp-<pid>` and
 * renamed when it is complete: a folder under the final name is always whole, and is never deleted here.
 */
export async function openEmbedded(dir: string): Promise<Postgres> {
  await removeHalfMade(dir);
  if (!(await isComplete(dir))) await make(dir);
  return wrap(
    await PGlite.create(dir, {
      parsers: { ...TYPE_READERS, [BYTEA]: readBytes },
      serializers: { [BYTEA]: writeBytes },
    }),
  );
}

const BYTEA = 17;

/** PGlite's own go byte by byte, which takes longer than all else that an insert of events does. */
const readBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
const writeBytes = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  `\\x${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}`;

/** Deletes what killed first starts left behind. The data folder is locked, so whoever made them is gone. */
async function removeHalfMade(dir: string): Promise<void> {
  const parent = dirname(dir);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${basename(dir)}.tmp-`)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** False for an absent or empty folder; a UserError for one that is something else. */
async function isComplete(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return false;
  const major = await readFile(join(dir, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    throw new UserError(`${dir} is not a Postgres data folder, but is not empty either.`, {
      hint: 'Move it away, or choose another --data-dir.',
      cause: error,
    });
  });
  if (major.trim() === EMBEDDED_MAJOR) return true;
  throw new UserError(`${dir} was made by PostgreSQL ${major.trim()}; this Skyflow carries ${EMBEDDED_MAJOR}.`, {
    hint: 'Dump it with the Skyflow that made it, or start over with another --data-dir.',
  });
}

async function make(dir: string): Promise<void> {
  const temporary = `${dir}.tmp-${process.pid}`;
  const db = await PGlite.create(temporary);
  await db.query('CHECKPOINT');
  await db.close();
  await rename(temporary, dir);
  const parent = await open(dirname(dir));
  try {
    // The rename itself must outlast a power cut.
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function wrap(db: PGlite): Promise<Postgres> {
  const { rows } = await db.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  let closing: Promise<void> | undefined;
  return {
    ...querier(db),
    embedded: true,
    version: `PostgreSQL ${rows[0]?.version ?? EMBEDDED_MAJOR} (embedded)`,
    transaction: (fn) => db.transaction((tx) => fn(querier(tx))),
    close: () => (closing ??= db.close()),
  };
}

function querier(db: PGlite | Transaction): Querier {
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape of its rows
    query: async <T>(text: string, params?: readonly unknown[]) => ({
      rows: (await db.query<T>(text, params === undefined ? undefined : [...params])).rows,
    }),
    async script(sql) {
      await db.exec(sql);
    },
  };
}
