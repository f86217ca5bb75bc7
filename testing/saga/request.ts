import { randomUUID } from 'node:crypto';
import { type BusEvent, createEvent, EVENTS } from '#pkg/bus/events.ts';

/** The fields of a request, all with something sensible in them. */
export interface RequestFields {
  readonly analysisId: string;
  readonly userId: string;
  readonly subjectDid: string;
  readonly type: string;
  readonly window: string;
  readonly audience: string;
  readonly tier: string;
}

/** A request as core-api publishes it: its own event id, and the request's correlation id. */
export const makeRequest = (
  change: Partial<RequestFields> = {},
  ids: { eventId?: string; correlationId?: string; nowMs?: number } = {},
): { fields: RequestFields; event: BusEvent } => {
  const fields: RequestFields = {
    analysisId: randomUUID(),
    userId: 'did:plc:asker',
    subjectDid: 'did:plc:subject',
    type: 'clout',
    window: '48h',
    audience: 'following',
    tier: 'drift',
    ...change,
  };
  const { eventId = randomUUID(), correlationId = randomUUID(), nowMs = Date.now() } = ids;
  const envelope = { eventId, aggregateId: fields.analysisId, correlationId, nowMs };
  return { fields, event: createEvent(EVENTS.timelineRequested, envelope, fields) };
};
