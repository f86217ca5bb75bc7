import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { protocolError } from './exception.ts';
import type { Statement } from './engine.ts';

/** The largest request body taken, decompressed. */
const maxBodyBytes = 1024 * 1024 * 1024;

/** Settings that only mean something to ClickHouse's HTTP layer: the engine does not know them. */
const httpOnlySettings: ReadonlySet<string> = new Set([
  'wait_end_of_query',
  'buffer_size',
  'send_progress_in_http_headers',
  'http_response_buffer_size',
  'http_headers_progress_interval_ms',
  'http_write_exception_in_output_format',
  'enable_http_compression',
  'http_zlib_compression_level',
]);

/** URL keys that are neither settings nor parameters. Everybody may log in here: it listens on loopback only. */
const ownKeys: ReadonlySet<string> = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'quota_key',
]);

const settingName = /^[A-Za-z_][A-Za-z0-9_]*$/;

const decompressed = (request: IncomingMessage): Readable => {
  const decoders: Record<string, () => NodeJS.ReadWriteStream> = {
    gzip: createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
    zstd: createZstdDecompress,
  };
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return request;
  const decoder = decoders[encoding];
  if (decoder === undefined) throw protocolError(89, 'UNKNOWN_COMPRESSION_METHOD', `Unknown encoding ${encoding}`);
  const output = decoder() as unknown as Readable & NodeJS.WritableStream;
  // A client that goes away mid-body must not leave the decoder waiting for ever.
  request.on('error', (error) => output.destroy(error));
  request.on('aborted', () => output.destroy(new Error('the client went away')));
  return request.pipe(output);
};

/** Reads the whole body first: rows of a request that breaks off are never inserted. */
const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of decompressed(request) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw protocolError(307, 'TOO_MANY_BYTES', `Body over ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
};

/** Fields of a form body: the client sends long parameter lists this way. */
const readForm = async (body: Buffer, contentType: string): Promise<[string, string][]> => {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  return [...form].map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw protocolError(48, 'NOT_IMPLEMENTED', `External table ${name} in a form body`);
    return [name, value];
  });
};

const collect = (entries: Iterable<[string, string]>): Omit<Statement, 'sql' | 'data'> => {
  const settings = new Map<string, string>();
  const params = new Map<string, string>();
  let format = 'TabSeparated';
  let database: string | undefined;
  for (const [key, value] of entries) {
    if (key === 'database') database = value;
    if (key === 'default_format') format = value;
    if (ownKeys.has(key) || httpOnlySettings.has(key)) continue;
    if (key === 'session_id' || key === 'role' || key === 'compress' || key === 'decompress')
      throw protocolError(48, 'NOT_IMPLEMENTED', `URL parameter ${key}`);
    if (!settingName.test(key)) throw protocolError(115, 'UNKNOWN_SETTING', `Unknown setting '${key}'`);
    if (key.startsWith('param_')) params.set(key.slice('param_'.length), value);
    else settings.set(key, value);
  }
  return { settings, params, format, ...(database === undefined ? {} : { database }) };
};

const isInsert = (sql: string): boolean => /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*INSERT\b/i.test(sql);

/**
 * Turns one HTTP request into a statement, as ClickHouse does: the SQL is the `query` key followed by the body,
 * so a body behind an INSERT is its rows. Undefined where there is no row to insert.
 * @throws Error in the engine's text form for what this server does not do
 */
export const readStatement = async (request: IncomingMessage, url: URL): Promise<Statement | undefined> => {
  let entries = [...url.searchParams];
  let body = await readBody(request);
  const contentType = request.headers['content-type'] ?? '';
  if (contentType.startsWith('multipart/form-data')) {
    entries = [...entries, ...(await readForm(body, contentType))];
    body = Buffer.alloc(0);
  }
  const rest = collect(entries);
  // A ClickHouse server lets a GET read only, whatever the user may do.
  if (request.method === 'GET') (rest.settings as Map<string, string>).set('readonly', '2');
  const query = entries.find(([key]) => key === 'query')?.[1] ?? '';
  if (query.trim() === '' && body.length === 0) throw protocolError(62, 'SYNTAX_ERROR', 'Empty query');
  if (query.trim() === '') return { ...rest, sql: body.toString('utf8') };
  if (!isInsert(query)) return { ...rest, sql: body.length === 0 ? query : `${query}\n${body.toString('utf8')}` };
  if (body.length > 0) return { ...rest, sql: query, data: body };
  // `INSERT ... SELECT` and `INSERT ... VALUES (...)` carry their rows in the SQL; one that ends in a format has none.
  return /\bFORMAT\s+\w+\s*;?\s*$/i.test(query) ? undefined : { ...rest, sql: query };
};
