import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { publicNames } from './public-names.ts';
import { readSse, type SseFrame } from './sse-client.ts';

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

/** Serves the text in the given pieces, each on its own turn. */
const serve = async (pieces: readonly (string | Buffer)[], status = 200): Promise<string> => {
  server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'text/event-stream' });
    const next = (at: number): void => {
      const piece = pieces[at];
      if (piece === undefined) response.end();
      else response.write(piece, () => setImmediate(next, at + 1));
    };
    next(0);
  });
  await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

const readAll = async (url: string): Promise<SseFrame[]> => {
  const frames: SseFrame[] = [];
  for await (const frame of readSse(url, AbortSignal.timeout(10_000))) frames.push(frame);
  return frames;
};

test('frames are whole however they are cut, and what is no frame is passed over', async () => {
  const text = Buffer.from(
    'retry: 3000\n\n: a comment\n\nid: x-1\nevent: one\ndata: {"a":"é"}\n\ndata: a\ndata:b\r\n\r\ndata: cut of',
  );
  const bytes = [...text].map((byte) => Buffer.from([byte]));
  expect(await readAll(await serve(bytes))).toEqual([
    { id: 'x-1', event: 'one', data: '{"a":"é"}' },
    { id: undefined, event: 'message', data: 'a\nb' },
  ]);
});

test('a refusal, and a frame without an end, are errors', async () => {
  await expect(readAll(await serve([], 401))).rejects.toThrow('the stream of events answered 401');
  await new Promise((resolve) => server?.close(resolve));
  await expect(readAll(await serve(['data: ', 'x'.repeat(1_100_000)]))).rejects.toThrow('without an end');
});

test('a server is called as it was told, or by its URL, or by its port', () => {
  expect(publicNames({}, 8000)).toEqual({
    publicUrl: 'http://localhost:8000',
    serviceDid: 'did:web:localhost%3A8000',
  });
  expect(publicNames({ publicUrl: 'https://skyflow.example/' }, 8000)).toEqual({
    publicUrl: 'https://skyflow.example',
    serviceDid: 'did:web:skyflow.example',
  });
  const serviceDid = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz';
  expect(publicNames({ serviceDid }, 1)).toMatchObject({ serviceDid });
});
