import type { SafeFetch } from '#pkg/identity/safe-fetch.ts';
import { blobCid } from './blob-cid.ts';
import { COLLECTION } from './record.ts';

/** A PDS in memory, for tests: one account, its records and blobs, and what it was asked. */
export interface FakePds {
  readonly fetch: SafeFetch;
  readonly did: string;
  readonly password: string;
  /** The records by rkey, as JSON. */
  readonly records: Map<string, { readonly cid: string; readonly value: Record<string, unknown> }>;
  /** Names of the methods that were called, in their order. */
  readonly calls: string[];
  /** Answers the next call of a method instead. */
  refuse(method: string, status: number, body: object, headers?: Record<string, string>): void;
  /** What stands in the way at sign-in: a session of an account that is not active. */
  active: boolean;
}

interface Call {
  readonly url: URL;
  readonly body: Uint8Array;
  readonly type: string;
}

type Answer = readonly [status: number, body: object, headers?: Record<string, string>];

export const createFakePds = (): FakePds => {
  const refusals = new Map<string, Answer>();
  const calls: string[] = [];
  const records: FakePds['records'] = new Map();
  const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
  const password = 'aaaa-bbbb-cccc-dddd';
  const pds: FakePds = {
    did,
    password,
    records,
    calls,
    active: true,
    refuse: (method, status, body, headers) => void refusals.set(method, [status, body, headers ?? {}]),
    fetch: async (url, init = {}) => {
      const address = new URL(url);
      const method = address.pathname.replace('/xrpc/', '');
      calls.push(method);
      const call: Call = {
        url: address,
        body: new Uint8Array(await new Response(init.body ?? null).arrayBuffer()),
        type: new Headers(init.headers).get('content-type') ?? '',
      };
      const refusal = refusals.get(method);
      refusals.delete(method);
      const [status, body, headers] = refusal ?? answerOf(pds, method, call);
      return Response.json(body, { status, ...(headers === undefined ? {} : { headers }) });
    },
  };
  return pds;
};

const answerOf = (pds: FakePds, method: string, call: Call): Answer => {
  switch (method) {
    case 'com.atproto.server.createSession':
      return openSession(pds, call);
    case 'com.atproto.server.deleteSession':
      return [200, {}];
    case 'com.atproto.repo.getRecord': {
      const rkey = call.url.searchParams.get('rkey') ?? '';
      const found = pds.records.get(rkey);
      if (found === undefined) return [400, { error: 'RecordNotFound', message: 'Could not locate record' }];
      return [200, { uri: `at://${pds.did}/${COLLECTION}/${rkey}`, ...found }];
    }
    case 'com.atproto.repo.uploadBlob': {
      const ref = { $link: blobCid(call.body) };
      return [200, { blob: { $type: 'blob', ref, mimeType: call.type, size: call.body.length } }];
    }
    case 'com.atproto.repo.putRecord':
      return put(pds, call);
    case 'com.atproto.repo.deleteRecord': {
      const { rkey, swapRecord } = parse(call);
      if (pds.records.get(String(rkey))?.cid !== swapRecord) return swapped;
      pds.records.delete(String(rkey));
      return [200, {}];
    }
    default:
      return [501, { error: 'MethodNotImplemented', message: method }];
  }
};

const swapped: Answer = [400, { error: 'InvalidSwap', message: 'Record was at another version' }];

const openSession = (pds: FakePds, call: Call): Answer => {
  const { identifier, password } = parse(call);
  if (identifier !== pds.did || password !== pds.password) {
    return [401, { error: 'AuthenticationRequired', message: 'Invalid identifier or password' }];
  }
  const tokens = { accessJwt: 'access', refreshJwt: 'refresh' };
  return [200, { did: pds.did, handle: 'alice.example.com', active: pds.active, ...tokens }];
};

const put = (pds: FakePds, call: Call): Answer => {
  const { rkey, record, swapRecord } = parse(call);
  if ((pds.records.get(String(rkey))?.cid ?? null) !== swapRecord) return swapped;
  const value = record as Record<string, unknown>;
  // A record's CID has another codec, but a CID of its text changes with it just as well.
  const cid = blobCid(new TextEncoder().encode(JSON.stringify(value)));
  pds.records.set(String(rkey), { cid, value });
  return [200, { uri: `at://${pds.did}/${COLLECTION}/${String(rkey)}`, cid }];
};

const parse = (call: Call): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(call.body)) as Record<string, unknown>;
