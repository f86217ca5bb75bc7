import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { PACKED_BYTES } from './post-key.ts';
import { type TasteState, emptyState } from './state.ts';

/**
 * A taste as Redis keeps it: the stamp (12 characters, another one at every change, the first tells the form), the length of
 * the JSON (4 bytes, big-endian), the JSON (authors, tags, numbers of posts), then the posts in 16 bytes each: less, counted
 * (and one byte of bits each), seen. Some 70 kB when everything is full and tags are short, half of it seen posts.
 */
export const STAMP_LENGTH = 12;

const form = 'a';
const stampPattern = /^a[\w-]{11}$/;
const lengthBytes = 4;

const bodyShape = z.object({
  authors: z.array(z.tuple([z.string().regex(/^\d{1,20}$/), z.number(), z.number(), z.array(z.number()), z.number()])),
  tags: z.array(z.tuple([z.string(), z.number(), z.number()])),
  less: z.int().nonnegative(),
  counted: z.int().nonnegative(),
  seen: z.int().nonnegative(),
});

/** Whether a text is the stamp of a taste that this version can read. */
export const isStamp = (text: string): boolean => stampPattern.test(text);

/** Enough digits for a factor: a millionth. */
const rounded = (weight: number): number => Math.round(weight * 1e6) / 1e6;

/** The bytes of a state, under a new stamp. */
export const encodeTaste = (state: TasteState): { readonly stamp: string; readonly bytes: Buffer } => {
  const stamp =
    form +
    randomBytes(9)
      .toString('base64url')
      .slice(0, STAMP_LENGTH - 1);
  const body: z.infer<typeof bodyShape> = {
    authors: [...state.authors].map(([id, { weight, atMs, lessAtMs, mutedUntilMs }]) => [
      String(id),
      rounded(weight),
      atMs,
      [...lessAtMs],
      mutedUntilMs,
    ]),
    tags: [...state.tags].map(([tag, { weight, atMs }]) => [tag, rounded(weight), atMs]),
    less: state.less.size,
    counted: state.counted.size,
    seen: state.seen.size,
  };
  const json = Buffer.from(JSON.stringify(body));
  const start = STAMP_LENGTH + lengthBytes + json.length;
  const posts = state.less.size + state.counted.size + state.seen.size;
  const bytes = Buffer.alloc(start + posts * PACKED_BYTES + state.counted.size);
  bytes.write(stamp, 0, 'latin1');
  bytes.writeUInt32BE(json.length, STAMP_LENGTH);
  json.copy(bytes, STAMP_LENGTH + lengthBytes);
  writePosts(bytes, start, state);
  return { stamp, bytes };
};

const writePosts = (bytes: Buffer, start: number, { less, counted, seen }: TasteState): void => {
  let at = start;
  for (const packed of less) at += bytes.write(packed, at, 'latin1');
  for (const [packed, bits] of counted) {
    at += bytes.write(packed, at, 'latin1');
    at = bytes.writeUInt8(bits, at);
  }
  for (const packed of seen) at += bytes.write(packed, at, 'latin1');
};

/** The state of such bytes; undefined where they are not of that form. */
export const decodeTaste = (bytes: Buffer): { readonly stamp: string; readonly state: TasteState } | undefined => {
  const stamp = bytes.toString('latin1', 0, STAMP_LENGTH);
  if (!isStamp(stamp) || bytes.length < STAMP_LENGTH + lengthBytes) return undefined;
  const start = STAMP_LENGTH + lengthBytes + bytes.readUInt32BE(STAMP_LENGTH);
  const body = readBody(bytes.subarray(STAMP_LENGTH + lengthBytes, start));
  if (body === undefined) return undefined;
  const posts = body.less + body.counted + body.seen;
  if (bytes.length !== start + posts * PACKED_BYTES + body.counted) return undefined;
  const state = emptyState();
  for (const [id, weight, atMs, lessAtMs, mutedUntilMs] of body.authors) {
    state.authors.set(BigInt(id), { weight, atMs, lessAtMs, mutedUntilMs });
  }
  for (const [tag, weight, atMs] of body.tags) state.tags.set(tag, { weight, atMs });
  let at = start;
  const next = () => bytes.toString('latin1', at, (at += PACKED_BYTES));
  for (let count = body.less; count > 0; count -= 1) state.less.add(next());
  for (let count = body.counted; count > 0; count -= 1) state.counted.set(next(), bytes[at++] ?? 0);
  for (let count = body.seen; count > 0; count -= 1) state.seen.add(next());
  return { stamp, state };
};

const readBody = (json: Buffer): z.infer<typeof bodyShape> | undefined => {
  try {
    return bodyShape.safeParse(JSON.parse(json.toString())).data;
  } catch {
    return undefined;
  }
};
