import type { Clock } from '#pkg/runtime/clock.ts';
import type { SafeFetch } from './safe-fetch.ts';

/** An account, as its DID document and its handle have it. */
export interface Identity {
  readonly did: string;
  /** Null when the document names none, or the handle does not lead back to the DID. */
  readonly handle: string | null;
  /** Origin of the account's PDS (`https://host`), null when the document names none that can be used. */
  readonly pdsUrl: string | null;
  /** The account's signing key as a did:key, null when there is none of a kind that we know. */
  readonly signingKey: string | null;
}

/**
 * Why there is no identity. `invalid`: not a handle or DID that an account can have; `not_found`: nobody answers to it;
 * `mismatch`: the handle's account does not claim it; `unavailable`: not to be found out at the moment.
 */
export const IDENTITY_PROBLEMS = ['invalid', 'not_found', 'mismatch', 'unavailable'] as const;
export type IdentityProblemReason = (typeof IDENTITY_PROBLEMS)[number];

/** `message` is a sentence for the caller. */
export interface IdentityProblem {
  readonly problem: IdentityProblemReason;
  readonly message: string;
}

/** Tells a problem from what was asked for. */
export const isIdentityProblem = (answer: unknown): answer is IdentityProblem =>
  typeof answer === 'object' && answer !== null && 'problem' in answer;

/** How look-ups and their caches behave. */
export interface LookUpSettings {
  readonly clock: Clock;
  readonly plcUrl: string | undefined;
  readonly allowPrivate: boolean;
  /** Undefined: the guarded one. */
  readonly fetch: SafeFetch | undefined;
  /** Of each cache. */
  readonly maxEntries: number;
  /** How long an answer is used. */
  readonly ttlMs: number;
  /** How long the lack of one is. */
  readonly negativeTtlMs: number;
  /** Of one request to another server. */
  readonly timeoutMs: number;
}
