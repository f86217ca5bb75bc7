import { type ServiceToken, isTokenProblem, verifyServiceToken } from '#pkg/identity/token/verify.ts';
import type { Viewer } from '../feed.ts';
import type { Refusal } from './answers.ts';
import type { ServingParts } from './ports.ts';

/** An account that proved who it is. */
export interface SignedIn {
  readonly viewer: Viewer;
  readonly claims: ServiceToken;
}

/** Says whose request it is. */
export type ReadViewer = (
  authorization: string,
  method: { readonly lxm: string; readonly needsId: boolean },
) => Promise<SignedIn | Refusal>;

const NO_TOKEN: Refusal = {
  status: 401,
  error: 'BadJwt',
  message: 'send a service-auth token: Authorization: Bearer ...',
};

const BEARER = /^Bearer +([^ ]+)$/i;

/** Reads the Authorization header: a service-auth token that the account's PDS made for us. */
export function createReadViewer(
  parts: Pick<ServingParts, 'directory' | 'clock' | 'serviceDid' | 'accountId'>,
): ReadViewer {
  const { directory, clock, serviceDid, accountId } = parts;
  // Records name the bare DID, the header of a proxied call the service.
  const audiences = [serviceDid, `${serviceDid}#bsky_fg`] as const;
  return async (authorization, { lxm, needsId }) => {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return NO_TOKEN;
    const claims = await verifyServiceToken({ token, audiences, lxm, needsId, directory, clock });
    if (isTokenProblem(claims)) return claims;
    return { viewer: { did: claims.iss, id: accountId(claims.iss) }, claims };
  };
}

export const isRefusal = (value: object): value is Refusal => 'status' in value;

/** Whoever sent no token at all where one is needed. */
export const AUTH_MISSING: Refusal = {
  status: 401,
  error: 'AuthMissing',
  message: 'this needs a service-auth token: Authorization: Bearer ...',
};
