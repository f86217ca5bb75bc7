import { isDid } from '#pkg/atproto/syntax.ts';
import { dead, type Outcome, retry } from '#pkg/bus/outcome.ts';
import { DURABLE_LIMITS } from '#pkg/bus/stream-table.ts';

// Why an event is not believed: one table of reasons for all consumers of gamification.

/** There was no Skyflow before: such a time is a mistake. */
export const EARLIEST_MS = Date.UTC(2024, 0, 1);
/** So far another's clock may be ahead of ours. */
export const MOST_AHEAD_MS = 5 * 60_000;
/** In the meantime a clock that was wrong may be put right. */
const AHEAD_PAUSE_MS = 60_000;

/** What of an event's envelope and delivery decides whether it is believed. */
export interface Believable {
  readonly eventId: string;
  readonly correlationId: string;
  readonly timestampMs: number;
  /** From 1. */
  readonly attempt: number;
}

/** Undefined: the envelope may be believed at that moment, and all events that follow from it can be written. */
export function refuseEnvelope(event: Believable, nowMs: number): Outcome | undefined {
  if (!isPlain(event.eventId)) return dead('the event_id is not plain text of at most 200 characters');
  if (!isPlain(event.correlationId)) return dead('the correlation_id is not plain text of at most 200 characters');
  return refuseTime(event, nowMs);
}

function refuseTime({ timestampMs, attempt }: Believable, nowMs: number): Outcome | undefined {
  if (timestampMs === 0) return dead('there is no timestamp');
  if (timestampMs < EARLIEST_MS) return dead(`the timestamp ${timestampMs} is before 2024`);
  if (timestampMs <= nowMs + MOST_AHEAD_MS) return undefined;
  const reason = `the timestamp ${timestampMs} is more than 5 minutes ahead of our clock`;
  return attempt < DURABLE_LIMITS.maxAttempts ? retry(AHEAD_PAUSE_MS, reason) : dead(reason);
}

/** Undefined: somebody may be called that. */
export const refuseUser = (userId: string, field = 'user_id'): Outcome | undefined =>
  isDid(userId) ? undefined : dead(`the ${field} is not a DID`);

/** It goes into headers and columns of those that follow: neither takes control characters. */
const isPlain = (text: string): boolean => /^[\u0020-\u007E]{0,200}$/.test(text);
