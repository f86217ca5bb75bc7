/**
 * The network of the old way at its very best: the pages of getAuthorFeed, made beforehand, answered from memory at once.
 * Prints its port and the actors it knows as one line of JSON.
 */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import type { AddressInfo } from 'node:net';

const bodies = new Map<string, Buffer>();
for await (const line of createInterface({ input: createReadStream(process.argv[2] ?? '') })) {
  const tab = line.indexOf('\t');
  bodies.set(line.slice(0, tab), Buffer.from(line.slice(tab + 1)));
}
const server = createServer((request, response) => {
  const body = bodies.get(new URL(request.url ?? '', 'http://localhost').searchParams.get('actor') ?? '');
  response.writeHead(body === undefined ? 404 : 200, {
    'content-type': 'application/json',
    'content-length': body?.length ?? 0,
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, actors: [...bodies.keys()] }));
});
process.stdin.on('end', () => process.exit(0)).resume();
