import { HandleResolver } from '@atproto/identity';
import { isUsableDid } from './identifier.ts';
import type { IdentityProblem, LookUpSettings } from './identity.ts';
import { createExpiringMap } from './expiring-map.ts';
import type { Limiter } from './limiter.ts';
import { createLookUp } from './look-up.ts';
import { resolverFetch } from './resolver-fetch.ts';

/** From a handle to the DID that its domain names (DNS or well-known file), unchecked in the other direction. */
export interface Handles {
  find(handle: string): Promise<string | IdentityProblem>;
}

/** Handles over `@atproto/identity`, whose default fetch is its guard against private addresses. */
export function createHandles(settings: LookUpSettings, limiter: Limiter): Handles {
  const resolver = new HandleResolver({ timeout: settings.timeoutMs, ...resolverFetch(settings) });
  const lookUp = createLookUp<string>({
    cache: createExpiringMap(settings.maxEntries, settings.clock),
    settings,
    limiter,
    async ask(handle) {
      const did = await resolver.resolve(handle);
      if (did !== undefined && isUsableDid(did, settings.allowPrivate)) return did;
      return { problem: 'not_found', message: `no account answers to the handle ${handle}` };
    },
  });
  return { find: (handle) => lookUp.find(handle) };
}
