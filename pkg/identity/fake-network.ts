import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Keypair, P256Keypair, Secp256k1Keypair } from '@atproto/crypto';
import { createServiceJwt } from '@atproto/xrpc-server';
import { type SafeFetch, createSafeFetch } from './safe-fetch.ts';

/** An account of a FakeNetwork. */
export interface FakeAccount {
  readonly did: string;
  readonly handle: string;
  readonly password: string;
  /** A service-auth token as the account's PDS would make it; `exp` in seconds since 1970, default in a minute. */
  token(claims: { aud: string; lxm: string | null; exp?: number; iat?: number }): Promise<string>;
  /** Gives the account another signing key; tokens are signed with it from then on. */
  rotateKey(): Promise<void>;
}

/**
 * For tests: a PLC directory, the well-known files of handles and a PDS on one loopback port, speaking the real wire.
 * `fetch` leads handles' domains there; hand it and `plcUrl` to `createDirectory` with `allowPrivate`.
 */
export interface FakeNetwork extends AsyncDisposable {
  readonly plcUrl: string;
  readonly fetch: SafeFetch;
  addAccount(account: { handle: string; password?: string; curve?: 'secp256k1' | 'P-256' }): Promise<FakeAccount>;
  /** Method and path of every request so far. */
  readonly requests: readonly string[];
  /** PDS sessions that were opened and not closed again. */
  readonly openSessions: number;
  /** Changed by hand: a document as it stands, or undefined for an account that is gone. By DID. */
  readonly documents: Map<string, unknown>;
  /** From a handle to the DID that its well-known file names. */
  readonly handles: Map<string, string>;
  /** Answers instead of the PDS, while set. */
  pdsReply: ((path: string, body: string) => { status: number; body: string }) | undefined;
  close(): Promise<void>;
}

interface World {
  readonly documents: Map<string, unknown>;
  readonly handles: Map<string, string>;
  readonly passwords: Map<string, string>;
  readonly sessions: Set<string>;
  readonly requests: string[];
}

/** Starts one. */
export async function startFakeNetwork(): Promise<FakeNetwork> {
  const world: World = {
    documents: new Map(),
    handles: new Map(),
    passwords: new Map(),
    sessions: new Set(),
    requests: [],
  };
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(request.url ?? '');
    world.requests.push(`${request.method} ${path}`);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const isPds = path.startsWith('/xrpc/');
    const reply =
      isPds && network.pdsReply !== undefined
        ? network.pdsReply(path, body)
        : isPds
          ? answerPds(world, path, body, request.headers.authorization)
          : answerDirectory(world, path);
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const network = build(world, server);
  return network;
}

function build(world: World, server: Server): FakeNetwork {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const plain = createSafeFetch({ allowPrivate: true });
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((done) => server.close(done));
  };
  return {
    plcUrl: url,
    documents: world.documents,
    handles: world.handles,
    requests: world.requests,
    pdsReply: undefined,
    get openSessions() {
      return world.sessions.size;
    },
    fetch(target, init) {
      const { host, pathname } = new URL(target);
      return plain(pathname === '/.well-known/atproto-did' ? `${url}/handle/${host}` : target, init);
    },
    async addAccount({ handle, password = 'pass-word-for-tests', curve = 'secp256k1' }) {
      const did = `did:plc:${[...randomBytes(24)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')}`;
      const makeKey = () => (curve === 'P-256' ? P256Keypair.create() : Secp256k1Keypair.create());
      let key: Keypair = await makeKey();
      const publish = () => world.documents.set(did, documentOf(did, handle, key, url));
      publish();
      world.handles.set(handle, did);
      world.passwords.set(did, password);
      return {
        did,
        handle,
        password,
        token: (claims) => createServiceJwt({ iss: did, keypair: key, ...claims }),
        async rotateKey() {
          key = await makeKey();
          publish();
        },
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function documentOf(did: string, handle: string, key: Keypair, pdsUrl: string) {
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    alsoKnownAs: [`at://${handle}`],
    verificationMethod: [
      {
        id: `${did}#atproto`,
        type: 'Multikey',
        controller: did,
        publicKeyMultibase: key.did().slice('did:key:'.length),
      },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: pdsUrl }],
  };
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

function answerDirectory({ documents, handles }: World, path: string): Reply {
  const did = path.startsWith('/handle/') ? handles.get(path.slice('/handle/'.length)) : undefined;
  if (did !== undefined) return { status: 200, body: did };
  const document = documents.get(path.slice(1));
  return document === undefined ? { status: 404, body: '{}' } : { status: 200, body: JSON.stringify(document) };
}

function answerPds(
  { passwords, sessions }: World,
  path: string,
  body: string,
  authorization: string | undefined,
): Reply {
  if (path === '/xrpc/com.atproto.server.deleteSession') {
    const ended = sessions.delete(authorization?.replace(/^Bearer /, '') ?? '');
    return ended ? { status: 200, body: '' } : { status: 401, body: '{"error":"InvalidToken"}' };
  }
  const { identifier, password } = JSON.parse(body) as { identifier: string; password: string };
  if (passwords.get(identifier) !== password) {
    return { status: 401, body: '{"error":"AuthenticationRequired","message":"Invalid identifier or password"}' };
  }
  const refreshJwt = randomBytes(24).toString('base64url');
  sessions.add(refreshJwt);
  const session = { did: identifier, handle: 'whatever.test', accessJwt: 'access', refreshJwt, active: true };
  return { status: 200, body: JSON.stringify(session) };
}
