import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { isSecret, randomSecret, sha256 } from './secrets.ts';
import { type Session, sessionKey } from './session.ts';

/** How long a ticket can be redeemed. */
export const TICKET_TTL_MS = 60_000;

const ticketKey = (ticket: string): string => `sse:ticket:${sha256(ticket)}`;

const ticketSchema = z.object({
  userId: z.string(),
  sid: z.uuid(),
  handle: z.string().nullable(),
  expiresAtMs: z.number(),
});

/**
 * A secret that stands in for an access token once, within a minute: a browser's EventSource can send no header, and
 * an access token has no business in a URL. Redis keeps its SHA-256 only.
 * @returns the ticket, and until when it can be redeemed (ISO 8601)
 */
export async function issueTicket(
  redis: Pick<Redis, 'set'>,
  session: Session,
  clock: Clock = systemClock,
): Promise<{ ticket: string; expiresAt: string }> {
  const ticket = randomSecret();
  await redis.set(ticketKey(ticket), JSON.stringify(session), 'PX', TICKET_TTL_MS);
  return { ticket, expiresAt: new Date(clock.nowMs() + TICKET_TTL_MS).toISOString() };
}

/**
 * The session behind a ticket, once: undefined for a ticket that was used, has expired, never was, or whose session
 * has ended meanwhile. (A Redis connection that breaks at this very moment may use it up; the client asks for another.)
 */
export async function redeemTicket(
  redis: Pick<Redis, 'getdel' | 'hget'>,
  ticket: string,
): Promise<Session | undefined> {
  if (!isSecret(ticket)) return undefined;
  const text = await redis.getdel(ticketKey(ticket));
  if (text === null) return undefined;
  const session = ticketSchema.parse(JSON.parse(text));
  const owner = await redis.hget(sessionKey(session.sid), 'user_id');
  return owner === session.userId ? session : undefined;
}
