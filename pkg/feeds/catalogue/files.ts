import { constants } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { errorCode } from '#pkg/runtime/errors.ts';
import { type Read, wrong } from './mistakes.ts';

/** Whether `path` lies in `folder`; both with their links followed. */
const liesIn = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

const isMissing = (error: unknown): boolean => errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';

const reasonOf = (error: unknown): string => {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return 'Skyflow may not read it; give it the right to.';
  if (code === 'ELOOP') return 'it is a link to itself.';
  return `${error instanceof Error ? error.message : String(error)}.`;
};

/**
 * Reads a file of a folder. It must be a plain file, or a link to one that lies in the folder too.
 * @returns undefined where there is none
 */
export const readPlainFile = async (
  folder: string,
  name: string,
  maxBytes: number,
): Promise<Read<Buffer> | undefined> => {
  const path = join(folder, name);
  try {
    if (!liesIn(await realpath(path), await realpath(folder)))
      return wrong(`${name} is a link out of the folder. Put the file itself there.`);
    if (!(await stat(path)).isFile()) return wrong(`${name} is no plain file.`);
    // A pipe that took the file's place just now must not hold us up.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(maxBytes + 1);
      let length = 0;
      for (let bytes = -1; bytes !== 0 && length < buffer.length; length += bytes)
        ({ bytesRead: bytes } = await file.read(buffer, length, buffer.length - length));
      if (length > maxBytes) return wrong(`${name} is larger than ${maxBytes.toLocaleString('en-US')} bytes.`);
      return { ok: true, value: buffer.subarray(0, length) };
    } finally {
      await file.close();
    }
  } catch (error) {
    return isMissing(error) ? undefined : wrong(`${name} cannot be read: ${reasonOf(error)}`);
  }
};

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The same, as text. */
export const readTextFile = async (
  folder: string,
  name: string,
  maxBytes: number,
): Promise<Read<string> | undefined> => {
  const read = await readPlainFile(folder, name, maxBytes);
  if (read === undefined || !read.ok) return read;
  try {
    return { ok: true, value: decoder.decode(read.value) };
  } catch {
    return wrong(`${name} is no UTF-8 text.`);
  }
};

/** The folders within one, and links that may be. Files and what begins with a dot are passed over. */
export const listFolders = async (folder: string): Promise<Read<string[]>> => {
  try {
    const names: string[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory() || (entry.isSymbolicLink() && !(await isLinkedFile(join(folder, entry.name)))))
        names.push(entry.name);
    }
    return { ok: true, value: names.toSorted() };
  } catch (error) {
    if (isMissing(error)) return wrong('The folder does not exist. Make it, or set another with --feeds-dir.');
    return wrong(`The folder cannot be read: ${reasonOf(error)}`);
  }
};

const isLinkedFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );

/** What is wrong with a feed's folder itself: it must lie where its name does. */
export const folderMistake = async (folder: string): Promise<string | undefined> => {
  try {
    if (liesIn(await realpath(folder), await realpath(dirname(folder)))) return undefined;
    return 'The folder is a link to somewhere else. Put the folder itself here.';
  } catch (error) {
    return isMissing(error) ? 'The folder is a link to nothing.' : `The folder cannot be read: ${reasonOf(error)}`;
  }
};

/** A text that changes with any file of a folder, without reading them. */
export const folderMark = async (folder: string): Promise<string> => {
  try {
    const names = (await readdir(folder)).toSorted();
    const marks = await Promise.all(names.map(async (name) => `${name}:${await fileMark(join(folder, name))}`));
    return marks.join('\n');
  } catch (error) {
    return `cannot be read: ${errorCode(error) ?? ''}`;
  }
};

const fileMark = async (path: string): Promise<string> => {
  const marks = [lstat(path), stat(path)].map((one) =>
    one.then(
      ({ ino, size, mtimeMs, ctimeMs, mode }) => [ino, size, mtimeMs, ctimeMs, mode].join('/'),
      (error: unknown) => errorCode(error) ?? 'gone',
    ),
  );
  return (await Promise.all(marks)).join('=');
};
