import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, gzip, zstdCompress } from 'node:zlib';
import type { Engine, EngineResult, Statement } from './engine.ts';
import { describeException } from './exception.ts';
import { readStatement } from './request.ts';

/** As much as a ClickHouse server takes in a URL, and room for the headers. */
const maxHeaderBytes = 1024 * 1024 + 65_536;

const compressors: Record<string, (bytes: Uint8Array) => Promise<Buffer>> = {
  gzip: promisify(gzip),
  br: promisify(brotliCompress),
  zstd: promisify(zstdCompress),
};

const summary = (result: EngineResult | undefined): string =>
  JSON.stringify({
    read_rows: String(result?.rowsRead ?? 0),
    read_bytes: String(result?.bytesRead ?? 0),
    written_rows: String(result?.rowsWritten ?? 0),
    written_bytes: String(result?.bytesWritten ?? 0),
    total_rows_to_read: '0',
    result_rows: String(result?.rowsRead ?? 0),
    result_bytes: String(result?.bytes.length ?? 0),
    elapsed_ns: String(Math.round((result?.elapsedSeconds ?? 0) * 1e9)),
  });

/** The format the result is in: the statement's own FORMAT clause, or the default of the request. */
const outputFormat = (statement: Statement | undefined): string =>
  /\bFORMAT\s+(\w+)\s*(?:SETTINGS\s[^']*)?;?\s*$/i.exec(statement?.sql ?? '')?.[1] ?? statement?.format ?? 'Null';

const sendResult = async (url: URL, request: IncomingMessage, response: ServerResponse, result?: EngineResult) => {
  let bytes = result?.bytes ?? new Uint8Array(0);
  const asked = (request.headers['accept-encoding'] ?? '').split(',').map((one) => one.trim());
  const encoding = asked.find((one) => Object.hasOwn(compressors, one));
  const compress = url.searchParams.get('enable_http_compression') === '1' ? compressors[encoding ?? ''] : undefined;
  if (compress !== undefined && encoding !== undefined) {
    bytes = await compress(bytes);
    response.setHeader('content-encoding', encoding);
  }
  response.setHeader('X-ClickHouse-Summary', summary(result));
  response.setHeader('content-length', bytes.length);
  response.writeHead(200).end(bytes);
};

const sendException = (response: ServerResponse, thrown: unknown, version: string): void => {
  const { code, httpStatus, body } = describeException(thrown, version);
  response.setHeader('X-ClickHouse-Exception-Code', String(code));
  response.setHeader('content-type', 'text/plain; charset=UTF-8');
  response.writeHead(httpStatus).end(body);
};

const answer = async (engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const isGet = request.method === 'GET' || request.method === 'HEAD';
  if (isGet && (url.pathname === '/ping' || (url.pathname === '/' && !url.searchParams.has('query')))) {
    response.writeHead(200, { 'content-type': 'text/html; charset=UTF-8' }).end('Ok.\n');
    return;
  }
  response.setHeader('X-ClickHouse-Query-Id', url.searchParams.get('query_id') ?? randomUUID());
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  if (url.pathname !== '/') {
    response.writeHead(404).end('There is no handle of this path\n');
    return;
  }
  try {
    const statement = await readStatement(request, url);
    const result = statement === undefined ? undefined : await engine.run(statement);
    response.setHeader('X-ClickHouse-Format', outputFormat(statement));
    await sendResult(url, request, response, result);
  } catch (thrown) {
    if (response.headersSent) response.destroy();
    else sendException(response, thrown, engine.version);
  }
};

/**
 * Serves an engine over ClickHouse's HTTP protocol on the loopback address only.
 * Results and request bodies are held in memory whole.
 * @param port 0 for any free one
 * @returns the listening server and its port
 * @throws Error (`EADDRINUSE`) when the port is taken
 */
export const serveClickHouse = (engine: Engine, port: number): Promise<{ server: Server; port: number }> =>
  new Promise((resolve, reject) => {
    const server = createServer({ maxHeaderSize: maxHeaderBytes, requestTimeout: 0 }, (request, response) => {
      void answer(engine, request, response);
    });
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('not listening on a TCP port'));
      else resolve({ server, port: address.port });
    });
  });
