import {
  type DidDocument,
  DidResolver,
  PoorlyFormattedDidDocumentError,
  PoorlyFormattedDidError,
  UnsupportedDidMethodError,
  UnsupportedDidWebPathError,
  getHandle,
  getKey,
  getPds,
} from '@atproto/identity';
import { createExpiringMap } from './expiring-map.ts';
import { isUsableDid, readIdentifier } from './identifier.ts';
import type { IdentityProblem, LookUpSettings } from './identity.ts';
import type { Limiter } from './limiter.ts';
import { createLookUp } from './look-up.ts';
import { plcFetch, resolverFetch } from './resolver-fetch.ts';

/** What we use of a DID document. */
export interface AccountDocument {
  /** Lower case; not yet proved. */
  readonly claimedHandle: string | null;
  readonly pdsUrl: string | null;
  /** A did:key. */
  readonly signingKey: string | null;
}

/** DID documents, cached. */
export interface Documents {
  find(did: string): Promise<AccountDocument | IdentityProblem>;
  /** Asks the network again, unless that was done for this DID within the last 30 s. */
  refresh(did: string): Promise<AccountDocument | IdentityProblem>;
}

/** A token with a bad signature makes us refresh, and anybody can send those. */
const REFRESH_COOL_DOWN_MS = 30_000;

/** DID documents over `@atproto/identity`. */
export function createDocuments(settings: LookUpSettings, limiter: Limiter): Documents {
  const { clock, maxEntries, timeoutMs: timeout, allowPrivate } = settings;
  const plcUrl = settings.plcUrl === undefined ? {} : { plcUrl: settings.plcUrl };
  // Two, since did:web must not get the liberties of the operator's own PLC directory.
  const plc = new DidResolver({ timeout, ...plcUrl, ...plcFetch(settings) });
  const web = new DidResolver({ timeout, ...resolverFetch(settings) });
  const refreshed = createExpiringMap<true>(maxEntries, clock);
  const lookUp = createLookUp<AccountDocument>({
    cache: createExpiringMap(maxEntries, clock),
    settings,
    limiter,
    async ask(did) {
      try {
        const document = await (did.startsWith('did:plc:') ? plc : web).resolve(did);
        return document === null ? notFound(did) : readDocument(document, allowPrivate);
      } catch (error) {
        if (isBadDocument(error)) return { problem: 'invalid', message: `the DID document of ${did} cannot be used` };
        // PLC answers 410 for an account that was deleted for good.
        if (typeof error === 'object' && error !== null && 'status' in error && error.status === 410)
          return notFound(did);
        throw error;
      }
    },
  });
  const check = (did: string): IdentityProblem | undefined =>
    isUsableDid(did, allowPrivate) ? undefined : { problem: 'invalid', message: 'this is not a DID of an account' };

  return {
    find: async (did) => check(did) ?? lookUp.find(did),
    async refresh(did) {
      const problem = check(did);
      if (problem !== undefined) return problem;
      if (refreshed.get(did) === true) return lookUp.find(did);
      refreshed.set(did, true, REFRESH_COOL_DOWN_MS);
      return lookUp.ask(did);
    },
  };
}

function notFound(did: string): IdentityProblem {
  return { problem: 'not_found', message: `there is no account ${did}` };
}

function isBadDocument(error: unknown): boolean {
  return (
    error instanceof PoorlyFormattedDidDocumentError ||
    error instanceof PoorlyFormattedDidError ||
    error instanceof UnsupportedDidMethodError ||
    error instanceof UnsupportedDidWebPathError ||
    error instanceof SyntaxError
  );
}

function readDocument(document: DidDocument, allowPrivate: boolean): AccountDocument {
  const handle = readIdentifier(getHandle(document) ?? '', allowPrivate);
  return {
    claimedHandle: 'handle' in handle ? handle.handle : null,
    pdsUrl: originOf(getPds(document), allowPrivate),
    signingKey: keyOf(document),
  };
}

/** Only an origin: no path, no query, and no user name that would end up in a log. */
function originOf(endpoint: string | undefined, allowPrivate: boolean): string | null {
  const url = endpoint === undefined ? null : URL.parse(endpoint);
  if (url === null || url.username !== '' || url.password !== '') return null;
  if (url.search !== '' || url.hash !== '' || url.pathname !== '/') return null;
  return url.protocol === 'https:' || (allowPrivate && url.protocol === 'http:') ? url.origin : null;
}

/** The document is the account's to write, so its key may be nonsense. */
function keyOf(document: DidDocument): string | null {
  try {
    return getKey(document) ?? null;
  } catch {
    return null;
  }
}
