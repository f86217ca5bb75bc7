import { readFile, stat } from 'node:fs/promises';
import { UserError } from '#pkg/runtime/errors.ts';
import { blobCid } from './blob-cid.ts';

/** What the lexicon lets a picture have. */
const mostBytes = 1_000_000;

/** A feed's picture as it lies in its folder. */
export interface Avatar {
  readonly bytes: Uint8Array;
  readonly mimeType: 'image/png' | 'image/jpeg';
  /** The CID that it has, or will have, as a blob. */
  readonly cid: string;
}

/** @throws UserError where there is no such file, or it is too large, or neither a PNG nor a JPEG by its bytes. */
export const readAvatar = async (path: string): Promise<Avatar> => {
  const bytes = await readBytes(path);
  const mimeType = kindOf(bytes);
  if (mimeType === undefined) {
    throw new UserError(`The picture ${path} is neither a PNG nor a JPEG.`, {
      hint: 'Save it as one of these; the name of the file does not matter, what is in it does.',
    });
  }
  return { bytes, mimeType, cid: blobCid(bytes) };
};

const readBytes = async (path: string): Promise<Uint8Array> => {
  try {
    const { size } = await stat(path);
    if (size > mostBytes) {
      throw new UserError(`The picture ${path} has ${size.toLocaleString('en-US')} bytes.`, {
        hint: 'Bluesky takes at most 1,000,000. A square of 512 by 512 pixels is enough.',
      });
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`The picture ${path} cannot be read.`, { hint: 'Look at `avatar` in its feed.json.', cause });
  }
};

const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const jpeg = [0xff, 0xd8, 0xff];

const kindOf = (bytes: Uint8Array): Avatar['mimeType'] | undefined => {
  if (png.every((byte, at) => bytes[at] === byte)) return 'image/png';
  return jpeg.every((byte, at) => bytes[at] === byte) ? 'image/jpeg' : undefined;
};
