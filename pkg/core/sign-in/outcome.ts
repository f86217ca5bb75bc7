import type { IdentityProblem } from '#pkg/identity/identity.ts';

/** Why somebody is not let in, in the API's own terms. Holds nothing that a server or library said. */
export interface SignInProblem {
  readonly status: 400 | 401 | 403 | 404 | 429 | 502 | 503;
  /** XRPC error name. */
  readonly error: string;
  readonly message: string;
}

/** Who signed in, or why nobody did. `handle` is null where none holds in both directions. */
export type SignInOutcome =
  | { readonly ok: true; readonly did: string; readonly handle: string | null }
  | { readonly ok: false; readonly problem: SignInProblem };

/** The same sentence for every way in which a token fails to prove who sent it. */
export const refuse = (status: SignInProblem['status'], error: string, message: string): SignInOutcome => ({
  ok: false,
  problem: { status, error, message },
});

/** What a caller is told when the account that it named cannot be found. */
export function refuseIdentity({ problem, message }: IdentityProblem): SignInOutcome {
  switch (problem) {
    case 'invalid':
      return refuse(400, 'InvalidRequest', message);
    case 'not_found':
      return refuse(404, 'AccountNotFound', message);
    case 'mismatch':
      return refuse(400, 'HandleMismatch', message);
    case 'unavailable':
      return refuse(503, 'IdentityUnavailable', message);
  }
}
