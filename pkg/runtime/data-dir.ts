import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError, errorCode } from '#pkg/runtime/errors.ts';
import { takeFolderLock } from '#pkg/runtime/folder-lock.ts';

/** The folder in which one Skyflow keeps everything, held by this process until closed. */
export interface DataDir {
  /** Absolute. */
  readonly path: string;
  /** Made once, with the folder; the same for its whole life. */
  readonly installId: string;
  /** ISO 8601, when the folder was first used. */
  readonly createdAt: string;
  /** Makes sure `<path>/<name>` is there, for its owner only, and returns its absolute path. */
  folder(name: string): Promise<string>;
  /** Lets the next process have it. Safe to call twice. */
  close(): Promise<void>;
}

/** What `skyflow.json` in the folder says. */
interface Marker {
  format: number;
  createdAt: string;
  installId: string;
}

const MARKER = 'skyflow.json';
const LOCK = 'skyflow.lock';
const FORMAT = 1;

/** What may lie in a folder that is still empty for our purposes: our own half-made files, a mount's, a desktop's. */
const IGNORED = /^(skyflow\.(json|lock).*|lost\+found|\.DS_Store)$/;

/**
 * Opens the data folder, making it (for its owner only) where needed.
 * @param path relative to the working directory or absolute
 * @param options quietMs: how long a holder in another container may be silent before it counts as gone
 * @throws UserError when it is somebody else's folder, of a newer format, not writable, or held by a live process
 */
export async function openDataDir(path: string, options: { quietMs?: number } = {}): Promise<DataDir> {
  const folder = resolve(path);
  await explain(folder, () => makeOwn(folder));
  const lock = await explain(folder, () => takeFolderLock(join(folder, LOCK), options.quietMs));
  if (lock.kind === 'held') {
    const where = lock.elsewhere ? ' in another container or on another machine' : '';
    throw new UserError(`The data folder ${folder} is in use by process ${lock.pid}${where}.`, {
      hint: 'Stop that process first, or choose another folder with --data-dir.',
    });
  }
  try {
    const marker = await explain(folder, () => readOrMakeMarker(folder));
    return {
      path: folder,
      installId: marker.installId,
      createdAt: marker.createdAt,
      async folder(name) {
        const inner = join(folder, name);
        await explain(inner, () => makeFolders(inner));
        return inner;
      },
      async close() {
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Refuses a folder that holds other people's files before anything is written into it. */
async function makeOwn(folder: string): Promise<void> {
  await makeFolders(folder);
  const names = await readdir(folder);
  if (names.includes(MARKER)) return;
  const foreign = names.find((name) => !IGNORED.test(name));
  if (foreign !== undefined) {
    throw new UserError(
      `The folder ${folder} is not empty and was not made by Skyflow (it holds ${JSON.stringify(foreign)}).`,
      { hint: 'Choose an empty or a new folder with --data-dir.' },
    );
  }
  // An empty folder made by `mkdir` is open to all; what comes into it holds passwords.
  if (((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700);
}

/** Node's own recursive mkdir never returns where the kernel refuses with ENOENT below a folder that exists (/proc). */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (errorCode(error) !== 'ENOENT') throw error;
    await makeFolders(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function readOrMakeMarker(folder: string): Promise<Marker> {
  const file = join(folder, MARKER);
  try {
    return checkMarker(file, await readFile(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const marker: Marker = { format: FORMAT, createdAt: new Date().toISOString(), installId: randomUUID() };
  // Written aside and renamed: a crash leaves the marker whole or absent, and absent means a folder still to be made.
  const draft = `${file}.new`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(marker, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  return marker;
}

function checkMarker(file: string, text: string): Marker {
  const marker = parseMarker(text);
  if (marker === undefined) {
    throw new UserError(`${file} is damaged.`, {
      hint: 'Restore it from a backup, or choose another folder with --data-dir.',
    });
  }
  if (marker.format !== FORMAT) {
    throw new UserError(`${file} is of format ${marker.format}; this Skyflow knows format ${FORMAT}.`, {
      hint: 'Use the newer Skyflow that made the folder, or choose another folder with --data-dir.',
    });
  }
  return marker;
}

function parseMarker(text: string): Marker | undefined {
  try {
    const { format, createdAt, installId } = JSON.parse(text) as Partial<Marker>;
    if (typeof format !== 'number' || typeof createdAt !== 'string' || typeof installId !== 'string') return undefined;
    return { format, createdAt, installId };
  } catch {
    return undefined;
  }
}

/** Says in words what the system answered with a code. */
async function explain<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    const sentence = code === undefined ? undefined : reasons[code];
    if (sentence === undefined) throw error;
    const hint = hints[code ?? ''] ?? otherFolder;
    throw new UserError(`The data folder ${path} ${sentence}.`, { hint, cause: error });
  }
}

const otherFolder = 'Give this user write access to it, or choose another folder with --data-dir.';

const reasons: Record<string, string> = {
  EACCES: 'cannot be written by this user',
  EPERM: 'cannot be written by this user',
  ENOENT: 'cannot be made there',
  EROFS: 'is on a read-only disk',
  ENOTDIR: 'lies below something that is a file',
  EEXIST: 'is a file',
  ENOSPC: 'is on a full disk',
  EDQUOT: 'is over its disk quota',
  ENAMETOOLONG: 'has too long a name',
};

const hints: Record<string, string> = {
  ENOSPC: 'Free some space, or choose a folder on another disk with --data-dir.',
  EDQUOT: 'Free some space, or choose a folder on another disk with --data-dir.',
  ENOTDIR: 'Choose another folder with --data-dir.',
  EEXIST: 'Choose another folder with --data-dir.',
  ENAMETOOLONG: 'Choose another folder with --data-dir.',
};
