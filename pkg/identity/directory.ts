import type { Clock } from '#pkg/runtime/clock.ts';
import type { SafeFetch } from './safe-fetch.ts';
import { createDocuments } from './documents.ts';
import { createHandles } from './handles.ts';
import { readIdentifier } from './identifier.ts';
import { createLimiter } from './limiter.ts';
import type { Identity, IdentityProblem, LookUpSettings } from './identity.ts';

export { IDENTITY_PROBLEMS, isIdentityProblem } from './identity.ts';
export type { Identity, IdentityProblem, IdentityProblemReason } from './identity.ts';

/** Who answers to a handle or DID. Never throws: what goes wrong is a problem. */
export interface Directory {
  /** `alice.example`, `@alice.example`, `did:plc:...` or `did:web:host`. A handle must lead to a DID whose document claims it. */
  resolve(handleOrDid: string): Promise<Identity | IdentityProblem>;
  /** The signing key (did:key) of a DID, null when its document has none; asks for no handle. */
  signingKey(did: string): Promise<string | null | IdentityProblem>;
  /** The same past the cache, since keys rotate; the network is asked at most every 30 s for one DID. */
  refreshKey(did: string): Promise<string | null | IdentityProblem>;
}

export interface DirectoryOptions {
  readonly clock: Clock;
  /** Default https://plc.directory. The operator names it, so it may be on a private address. */
  readonly plcUrl?: string | undefined;
  /** Lets did:web, handles and PDS endpoints be on private addresses and plain http. For tests and local networks only. */
  readonly allowPrivate?: boolean | undefined;
  /** Used instead of the guarded fetch, as it is. For tests. */
  readonly fetch?: SafeFetch | undefined;
  /** Of each cache; default 10,000. */
  readonly maxEntries?: number | undefined;
  /** How long an answer is used; default 10 min. */
  readonly ttlMs?: number | undefined;
  /** How long the lack of one is; default 1 min. */
  readonly negativeTtlMs?: number | undefined;
  /** Of one look-up; default 3 s. */
  readonly timeoutMs?: number | undefined;
}

const LOOK_UPS_AT_ONCE = 64;
const LOOK_UPS_WAITING = 512;

/** Resolves identities over `@atproto/identity`, with bounded caches, and one look-up at a time for the same name. */
export function createDirectory(options: DirectoryOptions): Directory {
  const settings: LookUpSettings = {
    clock: options.clock,
    plcUrl: options.plcUrl,
    allowPrivate: options.allowPrivate ?? false,
    fetch: options.fetch,
    maxEntries: options.maxEntries ?? 10_000,
    ttlMs: options.ttlMs ?? 600_000,
    negativeTtlMs: options.negativeTtlMs ?? 60_000,
    timeoutMs: options.timeoutMs ?? 3_000,
  };
  const limiter = createLimiter({ atOnce: LOOK_UPS_AT_ONCE, waiting: LOOK_UPS_WAITING });
  const documents = createDocuments(settings, limiter);
  const handles = createHandles(settings, limiter);

  const resolveDid = async (did: string): Promise<Identity | IdentityProblem> => {
    const document = await documents.find(did);
    if ('problem' in document) return document;
    const { claimedHandle, pdsUrl, signingKey } = document;
    const holds = claimedHandle !== null && (await handles.find(claimedHandle)) === did;
    return { did, handle: holds ? claimedHandle : null, pdsUrl, signingKey };
  };

  const resolveHandle = async (handle: string): Promise<Identity | IdentityProblem> => {
    const did = await handles.find(handle);
    if (typeof did !== 'string') return did;
    const document = await documents.find(did);
    if ('problem' in document) return document;
    if (document.claimedHandle !== handle) {
      return { problem: 'mismatch', message: `the account that ${handle} leads to does not use this handle` };
    }
    return { did, handle, pdsUrl: document.pdsUrl, signingKey: document.signingKey };
  };

  return {
    async resolve(handleOrDid) {
      const identifier = readIdentifier(handleOrDid, settings.allowPrivate);
      if ('problem' in identifier) return identifier;
      return 'did' in identifier ? resolveDid(identifier.did) : resolveHandle(identifier.handle);
    },
    async signingKey(did) {
      const document = await documents.find(did);
      return 'problem' in document ? document : document.signingKey;
    },
    async refreshKey(did) {
      const document = await documents.refresh(did);
      return 'problem' in document ? document : document.signingKey;
    },
  };
}
