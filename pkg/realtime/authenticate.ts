import { isRefusal, type Session } from '#pkg/session/session.ts';
import type { Verifier } from '#pkg/session/verifier.ts';

/** What a request brings to prove who sends it. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** From the query: an access token, or a ticket that is good for one use. */
  readonly token: string | undefined;
  readonly ticket: string | undefined;
}

/** How credentials are checked. Both reject when the answer is unknown, e.g. while Redis is away. */
export interface Checks {
  readonly verifier: Verifier;
  /** Takes a ticket out of use; undefined for one that is not good. */
  readonly redeem: (ticket: string) => Promise<Session | undefined>;
}

/** Why somebody is not let in: in words for them, and in core-api's word for programs. */
export interface NotLetIn {
  readonly refused: string;
  readonly error: 'AuthenticationRequired' | 'InvalidToken' | 'ExpiredToken';
}

const BEARER = /^Bearer +([^\s]+)$/i;

/** The first of header, ticket and token that is there decides; a bad one is not made good by another. */
export async function authenticate(credentials: Credentials, checks: Checks): Promise<Session | NotLetIn> {
  const { authorization, token, ticket } = credentials;
  if (authorization !== undefined) {
    const bearer = BEARER.exec(authorization)?.[1];
    if (bearer === undefined) return notLetIn('the Authorization header is not "Bearer" and a token');
    return verify(bearer, checks.verifier);
  }
  if (ticket !== undefined) {
    const session = await checks.redeem(ticket);
    return session ?? { refused: 'the ticket was used, has expired, or never was', error: 'InvalidToken' };
  }
  if (token !== undefined) return verify(token, checks.verifier);
  return notLetIn('send an access token in the Authorization header, or a ticket from POST /api/v1/sse/ticket');
}

async function verify(token: string, verifier: Verifier): Promise<Session | NotLetIn> {
  const answer = await verifier.verify(token);
  if (!isRefusal(answer)) return answer;
  return { refused: answer.message, error: answer.refused === 'expired' ? 'ExpiredToken' : 'InvalidToken' };
}

const notLetIn = (refused: string): NotLetIn => ({ refused, error: 'AuthenticationRequired' });
