import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { RawMessage } from '#pkg/bus/consume-raw.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { BaseEventSchema } from '#proto/skyflow/events/v1/base_pb.js';
import { UserUpdatedEventSchema } from '#proto/skyflow/events/v1/user_pb.js';
import { letterRow } from './letter.ts';
import { eventRow, type MessageRow } from './row.ts';

export const NOW_MS = 1_790_000_000_123;

/** A message as the router gets it. */
export const raw = (subject: string, bytes: Uint8Array, more: Partial<RawMessage> = {}): RawMessage => ({
  subject,
  bytes,
  headers: new Map(),
  streamSequence: 7,
  storedAtMs: NOW_MS + 5,
  attempt: 1,
  ...more,
});

/** What an envelope of these tests says where they do not say otherwise. */
export interface Said {
  eventId?: string;
  eventType?: string;
  aggregateId?: string;
  aggregateType?: string;
  correlationId?: string;
  causationId?: string;
  version?: number;
  timestampMs?: number;
}

/** The bytes of an event whose envelope may say anything. */
export const bytesOf = (said: Said = {}): Uint8Array => {
  const { timestampMs = NOW_MS, ...others } = said;
  const base = create(BaseEventSchema, {
    eventId: 'e-1',
    eventType: 'events.user.updated',
    aggregateId: 'did:plc:a',
    aggregateType: 'user',
    correlationId: 'c-1',
    causationId: '',
    version: 1,
    timestamp: timestampFromMs(timestampMs),
    ...others,
  });
  return toBinary(UserUpdatedEventSchema, create(UserUpdatedEventSchema, { base, userId: 'did:plc:a' }));
};

/** A request for an analysis, whose ids are made of `id`. */
export const requested = (id: string, correlationId = `cause-${id}`) =>
  createEvent(
    EVENTS.timelineRequested,
    { eventId: `event-${id}`, aggregateId: id, correlationId, nowMs: NOW_MS },
    { analysisId: id, userId: 'did:plc:a', subjectDid: 'did:plc:b', type: 'flow', window: '48h', tier: 'lift' },
  );

/** The row of the audit log that such a request becomes. */
export const rowOf = (id: string, correlationId?: string): MessageRow => {
  const { subject, bytes } = requested(id, correlationId);
  const read = eventRow(raw(subject, bytes));
  if (!read.ok) throw new Error(read.reason);
  return read.row;
};
/** The row of a dead letter that such a request becomes. */
export const letterOf = (
  id: string,
  more: { subject?: string; diedMs?: number; sequence?: number; bytes?: Uint8Array } = {},
) => {
  const { subject = 'events.timeline.requested', diedMs = NOW_MS, sequence = 1, bytes = requested(id).bytes } = more;
  const headers = new Map([
    ['Nats-Msg-Id', `dlq-TIMELINE-timeline-processor-${sequence}-${id}`],
    ['Skyflow-Error', 'it broke'],
    ['Skyflow-Durable', 'timeline-processor'],
    ['Skyflow-Attempts', '3'],
    ['Skyflow-Correlation-Id', `cause-${id}`],
  ]);
  return letterRow(raw(`dlq.${subject}`, bytes, { headers, storedAtMs: diedMs }));
};
