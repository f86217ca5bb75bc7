import { hash } from 'node:crypto';
import { join } from 'node:path';
import { readPlainFile } from './files.ts';
import { type Read, wrong } from './mistakes.ts';

/** The lexicon's limit, in bytes. */
const maxAvatarBytes = 1_000_000;

const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const jpeg = Buffer.from([0xff, 0xd8, 0xff]);

/** Taken where feed.json names none. */
const usualNames = ['avatar.png', 'avatar.jpg', 'avatar.jpeg'];

export interface Avatar {
  readonly path: string;
  /** Changes with the picture. */
  readonly digest: string;
}

/**
 * Looks for a feed's picture, and at its first bytes.
 * @param name as feed.json says; undefined: one of the usual names, if there is any
 */
export const findAvatar = async (folder: string, name: string | undefined): Promise<Read<Avatar | undefined>> => {
  for (const file of name === undefined ? usualNames : [name]) {
    const read = await readPlainFile(folder, file, maxAvatarBytes);
    if (read === undefined) continue;
    if (!read.ok) return read;
    const isPicture = [png, jpeg].some((start) => read.value.subarray(0, start.length).equals(start));
    if (!isPicture) return wrong(`${file} is neither a PNG nor a JPEG.`);
    return { ok: true, value: { path: join(folder, file), digest: hash('sha256', read.value) } };
  }
  return name === undefined
    ? { ok: true, value: undefined }
    : wrong(`feed.json: avatar names ${name}, which is not in the folder.`);
};
