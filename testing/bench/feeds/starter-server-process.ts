/**
 * The other side of `just bench-feeds`: a feed generator of the shape of the official TypeScript starter (express, the XRPC
 * server with its lexicons, SQLite), with the index on its sort columns that the starter lacks. Writes one line of JSON when it
 * listens; ends with its standard input. SQLite is Node's own, which is no slower than the starter's.
 */
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { schemas } from '@atproto/api';
import { AuthRequiredError, createServer, parseReqNsid, verifyJwt } from '@atproto/xrpc-server';
import { z } from 'zod';
import { benchKeys, FEED_URI, POSTS, SERVICE_DID } from './setting.ts';

const { values } = parseArgs({ options: { accounts: { type: 'string', default: '1000' } } });

/** The XRPC server's own express: the starter has the same. */
type Express = () => { use(handler: unknown): void; listen(port: number, host: string, done: () => void): Listener };
interface Listener {
  address(): AddressInfo | string | null;
}
const fromServer = createRequire(createRequire(import.meta.url).resolve('@atproto/xrpc-server'));
const express = fromServer('express') as Express;

const db = new DatabaseSync(':memory:');
db.exec(`
  CREATE TABLE post (uri varchar PRIMARY KEY, cid varchar NOT NULL, indexedAt varchar NOT NULL);
  CREATE INDEX post_order ON post (indexedAt DESC, cid DESC);
`);
const insert = db.prepare('INSERT INTO post VALUES (?, ?, ?)');
db.exec('BEGIN');
for (let n = 0; n < POSTS; n += 1) {
  const at = new Date(Date.UTC(2026, 10, 1) - n * 1_000).toISOString();
  insert.run(
    `at://did:plc:${String(n % 5_000).padStart(24, 'a')}/app.bsky.feed.post/${n.toString(32).padStart(13, '2')}`,
    `bafy${n}`,
    at,
  );
}
db.exec('COMMIT');

const first = db.prepare('SELECT * FROM post ORDER BY indexedAt DESC, cid DESC LIMIT ?');
const after = db.prepare('SELECT * FROM post WHERE indexedAt < ? ORDER BY indexedAt DESC, cid DESC LIMIT ?');

/** Resolved once, as a starter with a warm cache of identities has them. */
const keys = new Map((await benchKeys(Number(values.accounts))).map(({ did, publicKey }) => [did, publicKey]));

const query = z.object({ feed: z.string(), limit: z.number(), cursor: z.string().optional() });
const server = createServer(schemas, { validateResponse: true });
server.method('app.bsky.feed.getFeedSkeleton', async ({ params, req }) => {
  const { feed, limit, cursor } = query.parse(params);
  if (feed !== FEED_URI) throw new Error('UnknownFeed');
  const { authorization = '' } = req.headers;
  if (authorization.startsWith('Bearer ')) {
    await verifyJwt(authorization.slice(7), SERVICE_DID, parseReqNsid(req), async (did) => {
      const key = keys.get(did);
      if (key === undefined) throw new AuthRequiredError('unknown');
      return key;
    });
  }
  const rows = cursor === undefined ? first.all(limit) : after.all(new Date(Number(cursor)).toISOString(), limit);
  const last = rows.at(-1);
  return {
    encoding: 'application/json',
    body: {
      ...(last === undefined ? {} : { cursor: new Date(String(last['indexedAt'])).getTime().toString(10) }),
      feed: rows.map((row) => ({ post: String(row['uri']) })),
    },
  };
});

const app = express();
app.use(server.router);
const listener = app.listen(0, '127.0.0.1', () => {
  const { port } = listener.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
