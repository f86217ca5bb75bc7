import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UserError } from '#pkg/runtime/errors.ts';
import { BadFrame, type EventSource, type SourceChunk } from './types.ts';

const linesPerChunk = 1_000;
/** A line longer than this is no event: it is counted and passed over without being kept. */
const maxLineChars = 4 * 1024 * 1024;

const decompressed = (path: string): Readable => {
  const bytes = createReadStream(path);
  if (path.endsWith('.gz')) return bytes.pipe(createGunzip()).on('close', () => bytes.destroy());
  if (path.endsWith('.zst')) return bytes.pipe(createZstdDecompress()).on('close', () => bytes.destroy());
  return bytes;
};

const parseLine = (line: string): unknown => {
  if (line.length > maxLineChars) return new BadFrame(line, 'not_json');
  try {
    return JSON.parse(line);
  } catch {
    return new BadFrame(line, 'not_json');
  }
};

/**
 * Events from a file of one JSON frame a line: plain, `.gz` or `.zst`. Empty lines are passed over. It always reads the
 * whole file, which repeated changes nothing; its times are not saved as a cursor, or they would move the live one.
 */
export const fileSource = (path: string): EventSource => ({
  name: path,
  resumable: false,
  chunks: (_fromUs, signal) => readFile(path, signal),
});

async function* readFile(path: string, signal: AbortSignal): AsyncGenerator<SourceChunk> {
  await requireReadable(path);
  const stream = decompressed(path);
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  try {
    let items: unknown[] = [];
    for await (const line of lines) {
      if (signal.aborted) return;
      if (line.trim() === '') continue;
      items.push(parseLine(line));
      if (items.length < linesPerChunk) continue;
      yield { origin: path, connection: 1, items };
      items = [];
    }
    if (items.length > 0) yield { origin: path, connection: 1, items };
    if (failure !== undefined) throw brokenFile(path, failure);
  } finally {
    lines.close();
    stream.destroy();
  }
}

const requireReadable = async (path: string): Promise<void> => {
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    throw new UserError(`The file ${path} cannot be read.`, { hint: 'Give --replay a file of one JSON event a line (plain, .gz or .zst).', cause });
  }
};

const brokenFile = (path: string, cause: Error): UserError =>
  new UserError(`The file ${path} ends in damaged data; the events before that were indexed.`, {
    hint: 'Get the file again; replaying it from the start is safe.',
    cause,
  });
