/** Issuer and audience of our access tokens. */
export const TOKEN_ISSUER = 'skyflow';
export const TOKEN_AUDIENCE = 'skyflow';
/** The `typ` of an access token's header (RFC 9068), so that no other token of ours can pass for one. */
export const TOKEN_TYPE = 'at+jwt';

/** How long an access token is good for. */
export const ACCESS_TOKEN_TTL_MS = 3_600_000;
/** How long a refresh token is good for; each refresh starts the time anew. */
export const REFRESH_TOKEN_TTL_MS = 30 * 86_400_000;

/** Who a caller is, once proved. */
export interface Session {
  /** The DID of the signed-in user. */
  readonly userId: string;
  /** The id of this sign-in. One user may have several. */
  readonly sid: string;
  /** As it was at sign-in; null where the account has no handle that holds in both directions. */
  readonly handle: string | null;
  /** When the access token that proved it ends, in ms since 1970. */
  readonly expiresAtMs: number;
}

/** Why a token is not accepted. A closed list: it may stand in a metric. */
export const REFUSALS = ['malformed', 'signature', 'claims', 'expired', 'revoked'] as const;
export type RefusalReason = (typeof REFUSALS)[number];

/** A token that proves nothing. `message` is for the caller: it says nothing that the caller did not send. */
export interface Refusal {
  readonly refused: RefusalReason;
  readonly message: string;
}

/** Tells the two answers of `Verifier.verify` apart. */
export const isRefusal = (answer: Session | Refusal): answer is Refusal => 'refused' in answer;

/** The Redis key that exists as long as a session does; a hash with `user_id` and `handle`. */
export const sessionKey = (sid: string): string => `session:${sid}`;
