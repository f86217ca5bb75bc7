import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UserError } from '#pkg/runtime/errors.ts';
import { BadFrame, type EventSource, type SourceChunk } from './types.ts';

const linesPerChunk = 1_000;
/** A line longer than this is no event: it is counted and passed over without being kept. */
const maxLineChars = 4 * 1024 * 1024;

const decompressed = (path: string): Readable => {
  const bytes = createReadStream(path);
  const unpack = path.endsWith('.gz') ? createGunzip() : path.endsWith('.zst') ? createZstdDecompress() : undefined;
  // `pipeline` and not `pipe`: an error of either end must reach the reader. Its callback has nothing to add.
  return unpack === undefined ? bytes : pipeline(bytes, unpack, () => {});
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
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  let items: unknown[] = [];
  let failure: unknown;
  const take = (): SourceChunk => {
    const taken = items;
    items = [];
    return { origin: path, connection: 1, items: taken };
  };
  try {
    for await (const line of untilError(lines, (error) => (failure = error))) {
      if (signal.aborted) return;
      if (line.trim() !== '') items.push(parseLine(line));
      if (items.length >= linesPerChunk) yield take();
    }
    // What came before the damage is good.
    if (items.length > 0) yield take();
    if (failure !== undefined) throw brokenFile(path, failure);
  } finally {
    lines.close();
    stream.destroy();
  }
}

/** The lines up to a failure of the stream, which is told instead of thrown. */
async function* untilError(lines: AsyncIterable<string>, onError: (error: unknown) => void): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    onError(error);
  }
}

const requireReadable = async (path: string): Promise<void> => {
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    throw new UserError(`The file ${path} cannot be read.`, {
      hint: 'Give --replay a file of one JSON event a line (plain, .gz or .zst).',
      cause,
    });
  }
};

const brokenFile = (path: string, cause: unknown): UserError =>
  new UserError(`The file ${path} ends in damaged data; the events before that were indexed.`, {
    hint: 'Get the file again; replaying it from the start is safe.',
    cause,
  });
