import type { Fetch } from '@atproto/identity';
import type { LookUpSettings } from './identity.ts';
import { type SafeFetch, createSafeFetch } from './safe-fetch.ts';

/**
 * The `fetch` option of a resolver for names that users give. None in production, which leaves the resolver its own guard:
 * public addresses only, at every hop of a redirect, 512 kB.
 */
export function resolverFetch(settings: LookUpSettings): { fetch?: Fetch } {
  const { fetch, allowPrivate, timeoutMs } = settings;
  if (fetch !== undefined) return { fetch: asFetch(fetch) };
  return allowPrivate ? { fetch: asFetch(createSafeFetch({ allowPrivate, timeoutMs })) } : {};
}

/** The `fetch` option for the operator's own PLC directory, whose address nobody else chooses: it may be private. */
export function plcFetch(settings: LookUpSettings): { fetch?: Fetch } {
  const { fetch, plcUrl, timeoutMs } = settings;
  if (fetch !== undefined || plcUrl === undefined) return resolverFetch(settings);
  return { fetch: asFetch(createSafeFetch({ allowPrivate: true, timeoutMs, maxBytes: 524_288, atOnce: 64 })) };
}

function asFetch(fetch: SafeFetch): Fetch {
  return (input, init) => fetch(input instanceof Request ? input.url : input, init);
}
