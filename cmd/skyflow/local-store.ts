import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { adminSocketPath } from '#pkg/admin/socket-path.ts';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type StoreLocations, Stores } from './compose.ts';

/** How `sql`, `status` and `analyze` get at the data. */
export interface LocalAccess<T> {
  /** Asks the process that holds the data folder; undefined when there is none. */
  ask(socketPath: string): Promise<T | undefined>;
  /** Reads for itself. */
  open(stores: Stores): Promise<T>;
}

/** Where `skyflow demo` keeps its data unless told otherwise. */
const demoFolder = './data-demo';

/** Whether Skyflow has made a folder its own. */
export const isDataFolder = (folder: string): boolean => existsSync(join(folder, 'skyflow.json'));

const hintFor = (folder: string): string =>
  resolve(demoFolder) !== folder && isDataFolder(demoFolder)
    ? 'The data of the demo is in data-demo: add --data-dir data-demo. Or start with `npm start`.'
    : 'Start with `npm start` (or `npm run demo`), or name the right folder with --data-dir.';

/** Postgres' code for a table that is not there. */
const undefinedTable = '42P01';

/** Throws `cause`, in the words of what to do where it is that the tables are not there. */
export const tablesMissing = (cause: unknown): never => {
  if (errorCode(cause) !== undefinedTable) throw cause;
  throw new UserError('This Postgres does not have the tables of this Skyflow.', {
    hint: 'Run `skyflow migrate up`, or start it with `npm start`.',
    cause,
  });
};

/**
 * A server that was named is asked directly. Otherwise the process that holds the data folder, and when there is none the
 * folder itself, for as long as it takes.
 */
export const throughLocal = async <T>(where: StoreLocations, log: Logger, access: LocalAccess<T>): Promise<T> => {
  if (where.clickhouseUrl === undefined) {
    const folder = resolve(where.dataDir);
    const socketPath = adminSocketPath(folder);
    const answer = socketPath === undefined ? undefined : await access.ask(socketPath);
    if (answer !== undefined) return answer;
    if (!isDataFolder(folder)) {
      throw new UserError(`There is no data in ${folder} yet.`, {
        hint: hintFor(folder),
      });
    }
  }
  await using stores = new Stores(where, { log });
  return await access.open(stores);
};
