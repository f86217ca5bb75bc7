import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A PLC directory and a PDS in one, for tests: it knows the accounts it was told, by their app passwords. */
export interface PdsDouble extends AsyncDisposable {
  readonly url: string;
  /** Makes the account sign in with this password here. */
  add(did: string, password: string): void;
  /** Sessions opened and not closed again. */
  openSessions(): number;
}

const readBody = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};

/** Listens on a free loopback port. Only what sign-in asks is answered; anything else is a 404. */
export const startPdsDouble = async (): Promise<PdsDouble> => {
  const passwords = new Map<string, string>();
  const sessions = new Set<string>();
  const answer = async (request: IncomingMessage, url: string): Promise<[status: number, body: object]> => {
    const did = decodeURIComponent((request.url ?? '').slice(1));
    if (request.method === 'GET' && passwords.has(did)) return [200, documentOf(did, url)];
    if (request.method === 'POST' && request.url === '/xrpc/com.atproto.server.createSession') {
      const { identifier, password } = await readBody(request);
      const known = passwords.get(String(identifier));
      if (known === undefined || known !== password) return [401, { error: 'AuthenticationRequired', message: 'no' }];
      const token = `refresh-${sessions.size}-${Math.random()}`;
      sessions.add(token);
      return [200, { did: identifier, handle: 'handle.invalid', accessJwt: 'access', refreshJwt: token, active: true }];
    }
    if (request.method === 'POST' && request.url === '/xrpc/com.atproto.server.deleteSession') {
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      return [sessions.delete(token) ? 200 : 401, {}];
    }
    return [404, { error: 'NotFound', message: 'not here' }];
  };
  const server = createServer((request, response) => {
    answer(request, url).then(
      ([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    add: (did, password) => void passwords.set(did, password),
    openSessions: () => sessions.size,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const documentOf = (did: string, url: string): object => ({
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: did,
  alsoKnownAs: [],
  verificationMethod: [],
  service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: url }],
});
