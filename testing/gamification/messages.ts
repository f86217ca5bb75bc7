import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createEvent, derivedEventId, EVENTS } from '#pkg/bus/events.ts';
import { TimelineCompletedEventSchema } from '#proto/skyflow/events/v1/timeline_pb.js';
import type { AnalysisFact, Fact } from './model/facts.ts';

/** What goes onto the bus. */
export interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** A repetition has another one, so that the stream keeps it. */
  readonly messageId: string;
}

/** A fact as its service publishes it; copy 0 is the first time. */
export const messageOf = (fact: Fact, copy = 0): Message => {
  const { subject, bytes } = eventOf(fact);
  return { subject, bytes, messageId: copy === 0 ? fact.id : `${fact.id}#${copy}` };
};

const eventOf = (fact: Fact) => {
  const correlationId = derivedEventId('request', fact.id);
  const { id: eventId, userId, atMs: nowMs } = fact;
  if (fact.kind === 'analysis') {
    const envelope = { eventId, aggregateId: eventId, correlationId, nowMs };
    return createEvent(EVENTS.timelineCompleted, envelope, analysisFields(fact));
  }
  const envelope = { eventId, aggregateId: userId, correlationId, nowMs };
  if (fact.kind === 'registered') {
    const { tier, referrerId } = fact;
    return createEvent(EVENTS.userRegistered, envelope, { userId, handle: '', tier, referrerId });
  }
  return createEvent(EVENTS.userTierChanged, envelope, {
    userId,
    oldTier: fact.from,
    newTier: fact.to,
    reason: 'test',
  });
};

const analysisFields = ({ id, userId, lens, tier, score }: AnalysisFact) => ({
  analysisId: id,
  userId,
  subjectDid: userId,
  type: lens,
  window: '48h',
  audience: 'following',
  tier,
  cached: false,
  durationMs: 12n,
  ...(score === null ? {} : { score }),
});

/** Messages that nobody may count: each must end as a dead letter, and change nothing. */
export const badMessages = (fact: AnalysisFact): readonly Message[] => {
  const { subject } = EVENTS.timelineCompleted;
  const fields = analysisFields(fact);
  const encode = (name: string, change: object, base: object = {}): Message => {
    const eventId = derivedEventId('bad', fact.id, name);
    const envelope = {
      eventId,
      eventType: subject,
      timestamp: timestampFromMs(fact.atMs),
      aggregateId: eventId,
      aggregateType: 'analysis',
      version: 1,
      correlationId: derivedEventId('request', eventId),
      ...base,
    };
    const message = create(TimelineCompletedEventSchema, { ...fields, analysisId: eventId, ...change, base: envelope });
    return { subject, bytes: toBinary(TimelineCompletedEventSchema, message), messageId: eventId };
  };
  const whole = encode('half', {});
  return [
    encode('tier', { tier: 'platinum' }),
    encode('lens', { type: 'aura' }),
    encode('no time', {}, { timestamp: undefined }),
    encode('before 2024', {}, { timestamp: timestampFromMs(Date.parse('2023-12-31T23:59:59.999Z')) }),
    encode('newer', {}, { version: 2 }),
    encode('stranger', { userId: 'did:plc:nobody' }),
    encode('another event', {}, { eventType: EVENTS.timelineFailed.subject }),
    { ...whole, bytes: whole.bytes.subarray(0, whole.bytes.length - 7) },
  ];
};
