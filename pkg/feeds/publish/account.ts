import { AtpAgent } from '@atproto/api';
import type { Directory, Identity } from '#pkg/identity/directory.ts';
import { isIdentityProblem } from '#pkg/identity/directory.ts';
import type { SafeFetch } from '#pkg/identity/safe-fetch.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { explainPds, inactiveAccount } from './pds-errors.ts';

/** An account that is signed in. Disposing it ends the session. */
export interface SignedIn extends AsyncDisposable {
  readonly agent: AtpAgent;
  readonly did: string;
  /** The handle, or the DID where there is none. */
  readonly name: string;
}

export interface AccountParts {
  readonly directory: Directory;
  /** From `createSafeFetch`: the address of the PDS is the account's to choose. */
  readonly fetch: SafeFetch;
}

/** An account with the PDS that holds its repository. */
export interface Account extends Identity {
  readonly pdsUrl: string;
}

/** Finds the account and its PDS. @throws UserError where nobody answers to the name. */
export const findPublisher = async (account: string, directory: Directory): Promise<Account> => {
  const found = await directory.resolve(account);
  if (isIdentityProblem(found)) {
    const hint =
      found.problem === 'unavailable'
        ? 'Check the connection and --plc-url, then run it again.'
        : 'A handle looks like alice.example.com. A DID works as well.';
    throw new UserError(`${account} cannot be found: ${found.message}.`, { hint });
  }
  const { pdsUrl } = found;
  if (pdsUrl === null) {
    throw new UserError(`The account ${account} names no PDS that can be used.`, {
      hint: 'A PDS on a private address, or without https, needs --allow-private-hosts.',
    });
  }
  return { ...found, pdsUrl };
};

/**
 * Signs in at the account's own PDS. The password goes there and nowhere else.
 *
 * @throws UserError for a wrong password, a second factor, an account that is not active, a PDS that is away
 */
export const signIn = async (account: Account, password: string, fetch: SafeFetch): Promise<SignedIn> => {
  const name = account.handle ?? account.did;
  const agent = new AtpAgent({ service: account.pdsUrl, fetch: agentFetch(fetch) });
  try {
    await agent.login({ identifier: account.did, password });
  } catch (error) {
    throw explainPds(error, name);
  }
  const close = (): Promise<void> => agent.logout();
  const { session } = agent;
  if (session?.did !== account.did) {
    await close();
    throw new UserError('The PDS signed in another account.', { hint: 'Do not use this PDS; tell whoever runs it.' });
  }
  if (!session.active) {
    await close();
    throw inactiveAccount(name);
  }
  return { agent, did: account.did, name, [Symbol.asyncDispose]: close };
};

/** The agent hands over Requests; the guarded fetch takes addresses. */
const agentFetch =
  (fetch: SafeFetch): typeof globalThis.fetch =>
  async (input, init) => {
    if (!(input instanceof Request)) return fetch(input, init);
    const body = input.body === null ? null : await input.arrayBuffer();
    return fetch(input.url, { method: input.method, headers: input.headers, body, signal: input.signal });
  };
