import { z } from 'zod';
import type { Directory } from '#pkg/identity/directory.ts';
import type { Identity } from '#pkg/identity/identity.ts';
import { BusyError } from '#pkg/identity/limiter.ts';
import { type SafeFetch, SafeFetchError } from '#pkg/identity/safe-fetch.ts';
import { type SignInOutcome, refuse, refuseIdentity } from './outcome.ts';

export interface AppPasswordSignIn {
  /** Handle or DID. */
  readonly identifier: string;
  /** Goes to the account's own PDS and nowhere else; not kept, not logged. */
  readonly password: string;
  readonly directory: Directory;
  /** From `createSafeFetch`: the PDS's address is the account's to choose. */
  readonly fetch: SafeFetch;
}

const MAX_PASSWORD_CHARS = 512;
/** Of a token that we hand back at once. */
const token = z.string().min(1).max(16_384);

const sessionSchema = z.object({
  did: z.string(),
  refreshJwt: token,
  active: z.boolean().optional(),
});

const PDS_UNUSABLE = refuse(502, 'PdsUnavailable', "the account's PDS gave no usable answer; try again later");

/** The PDS's own error names that tell the user something to do. Its messages are never passed on. */
const KNOWN_ERRORS: Readonly<Record<string, SignInOutcome>> = {
  AuthFactorTokenRequired: refuse(401, 'AppPasswordRequired', 'the PDS asks for a second factor: use an app password'),
  AccountTakedown: refuse(403, 'AccountInactive', 'the account has been taken down'),
};

/**
 * Signs in with what the account's own PDS accepts. The session that the PDS opens for the check is closed again.
 *
 * Never rejects on account of another server: what it does wrong is a problem 502.
 */
export async function signInWithAppPassword(options: AppPasswordSignIn): Promise<SignInOutcome> {
  const { identifier, password, directory, fetch } = options;
  if (password === '' || password.length > MAX_PASSWORD_CHARS) {
    return refuse(400, 'InvalidRequest', `a password has 1 to ${MAX_PASSWORD_CHARS} characters`);
  }
  const identity = await directory.resolve(identifier);
  if ('problem' in identity) return refuseIdentity(identity);
  const { pdsUrl } = identity;
  if (pdsUrl === null) return refuse(400, 'NoPds', 'the account names no PDS that can be used');
  try {
    return await checkAtPds(identity, pdsUrl, password, fetch);
  } catch (error) {
    if (error instanceof BusyError) return refuse(503, 'Busy', 'too many are signing in; try again in a moment');
    if (error instanceof SafeFetchError) return PDS_UNUSABLE;
    throw error;
  }
}

async function checkAtPds(
  { did, handle }: Identity,
  pdsUrl: string,
  password: string,
  fetch: SafeFetch,
): Promise<SignInOutcome> {
  const response = await fetch(new URL('/xrpc/com.atproto.server.createSession', pdsUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    // The DID, not what was typed: the PDS must know the very account that was resolved.
    body: JSON.stringify({ identifier: did, password }),
  });
  const body = await readJson(response);
  if (response.status !== 200) return refusalOf(response.status, body);
  const { data: session } = sessionSchema.safeParse(body);
  if (session === undefined) return PDS_UNUSABLE;
  await endSession(pdsUrl, session.refreshJwt, fetch);
  if (session.did !== did) return refuse(401, 'AuthenticationRequired', 'the PDS signed in another account');
  if (session.active === false) return refuse(403, 'AccountInactive', 'the account is not active');
  return { ok: true, did, handle };
}

function refusalOf(status: number, body: unknown): SignInOutcome {
  const { data } = z.object({ error: z.string() }).safeParse(body);
  const name = data?.error ?? '';
  const known = Object.hasOwn(KNOWN_ERRORS, name) ? KNOWN_ERRORS[name] : undefined;
  if (known !== undefined && status < 500) return known;
  if (status === 400 || status === 401 || status === 403) {
    return refuse(401, 'AuthenticationRequired', 'the handle or the password is wrong');
  }
  if (status === 429) return refuse(429, 'RateLimitExceeded', "the account's PDS asks to wait before the next try");
  return PDS_UNUSABLE;
}

/** Not being able to end it does not make the password wrong; it ends by itself. */
async function endSession(pdsUrl: string, refreshJwt: string, fetch: SafeFetch): Promise<void> {
  // What could not stand in a header would make fetch throw with the header in its message.
  if (!/^[\w.~+/=-]+$/.test(refreshJwt)) return;
  await fetch(new URL('/xrpc/com.atproto.server.deleteSession', pdsUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${refreshJwt}` },
    signal: AbortSignal.timeout(3_000),
  }).catch(() => undefined);
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
