import { createHash, randomUUID } from 'node:crypto';
import { create, fromBinary, type JsonObject, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { MessageShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { BaseEvent } from '#proto/skyflow/events/v1/base_pb.js';
import {
  AchievementUnlockedEventSchema,
  StreakBrokenEventSchema,
  XPEarnedEventSchema,
} from '#proto/skyflow/events/v1/gamification_pb.js';
import { RealtimeEventSchema } from '#proto/skyflow/events/v1/realtime_pb.js';
import {
  SubscriptionCanceledEventSchema,
  SubscriptionCreatedEventSchema,
  SubscriptionPaymentFailedEventSchema,
} from '#proto/skyflow/events/v1/subscription_pb.js';
import {
  TimelineCompletedEventSchema,
  TimelineFailedEventSchema,
  TimelineRequestedEventSchema,
} from '#proto/skyflow/events/v1/timeline_pb.js';
import {
  UserDeletedEventSchema,
  UserRegisteredEventSchema,
  UserTierChangedEventSchema,
  UserUpdatedEventSchema,
} from '#proto/skyflow/events/v1/user_pb.js';
import { type Envelope, envelopeOf } from './envelope.ts';
import { type Subject, SUBJECTS } from './subjects.ts';

export { type Envelope, readEnvelope } from './envelope.ts';

/** A generated message that embeds the envelope. */
export type EventSchema = GenMessage<Message & { base?: BaseEvent | undefined }>;

/** One kind of event: what it is published as, and what its `aggregate_id` names. */
export interface EventDefinition<S extends EventSchema = EventSchema, Name extends Subject = Subject> {
  readonly subject: Name;
  readonly schema: S;
  readonly aggregateType: 'user' | 'subscription' | 'analysis';
}

function define<S extends EventSchema, Name extends Subject>(
  subject: Name,
  schema: S,
  aggregateType: EventDefinition['aggregateType'],
): EventDefinition<S, Name> {
  return { subject, schema, aggregateType };
}

/** Every event, by a short name. All `realtime*` ones are the one message RealtimeEvent. */
export const EVENTS = {
  userRegistered: define(SUBJECTS.userRegistered, UserRegisteredEventSchema, 'user'),
  userUpdated: define(SUBJECTS.userUpdated, UserUpdatedEventSchema, 'user'),
  userDeleted: define(SUBJECTS.userDeleted, UserDeletedEventSchema, 'user'),
  userTierChanged: define(SUBJECTS.userTierChanged, UserTierChangedEventSchema, 'user'),
  subscriptionCreated: define(SUBJECTS.subscriptionCreated, SubscriptionCreatedEventSchema, 'subscription'),
  subscriptionCanceled: define(SUBJECTS.subscriptionCanceled, SubscriptionCanceledEventSchema, 'subscription'),
  subscriptionPaymentFailed: define(
    SUBJECTS.subscriptionPaymentFailed,
    SubscriptionPaymentFailedEventSchema,
    'subscription',
  ),
  timelineRequested: define(SUBJECTS.timelineRequested, TimelineRequestedEventSchema, 'analysis'),
  timelineCompleted: define(SUBJECTS.timelineCompleted, TimelineCompletedEventSchema, 'analysis'),
  timelineFailed: define(SUBJECTS.timelineFailed, TimelineFailedEventSchema, 'analysis'),
  xpEarned: define(SUBJECTS.xpEarned, XPEarnedEventSchema, 'user'),
  achievementUnlocked: define(SUBJECTS.achievementUnlocked, AchievementUnlockedEventSchema, 'user'),
  streakBroken: define(SUBJECTS.streakBroken, StreakBrokenEventSchema, 'user'),
  realtimeAnalysisCompleted: define(SUBJECTS.realtimeAnalysisCompleted, RealtimeEventSchema, 'user'),
  realtimeAnalysisFailed: define(SUBJECTS.realtimeAnalysisFailed, RealtimeEventSchema, 'user'),
  realtimeXpEarned: define(SUBJECTS.realtimeXpEarned, RealtimeEventSchema, 'user'),
  realtimeAchievementUnlocked: define(SUBJECTS.realtimeAchievementUnlocked, RealtimeEventSchema, 'user'),
  realtimeLevelUp: define(SUBJECTS.realtimeLevelUp, RealtimeEventSchema, 'user'),
  realtimeStreakBroken: define(SUBJECTS.realtimeStreakBroken, RealtimeEventSchema, 'user'),
  realtimeTierLimitWarning: define(SUBJECTS.realtimeTierLimitWarning, RealtimeEventSchema, 'user'),
} as const;

/** The version of all messages' meaning. A reader refuses a newer one: it could only guess what it means. */
const MEANING_VERSION = 1;

/** What `createEvent` writes into the envelope. */
export interface EnvelopeFields {
  /** Lower-case UUID; default a random one. The same id published again within the stream's window is stored once. */
  eventId?: string;
  /** What it is about: a DID, an analysis id. */
  aggregateId: string;
  /** The id of the request that caused it. */
  correlationId: string;
  /** The id of the event that caused it. */
  causationId?: string | undefined;
  metadata?: JsonObject;
  /** When it happened, ms since 1970. */
  nowMs: number;
}

/** An event ready to be published, or to be kept in an outbox until it is. */
export interface BusEvent {
  eventId: string;
  subject: string;
  correlationId: string;
  /** The encoded message, envelope included. */
  bytes: Uint8Array;
}

/** The fields of an event's own message, without its envelope. */
export type EventFields<D extends EventDefinition> = Omit<MessageInitShape<D['schema']>, 'base' | '$typeName'>;

/** Encodes an event. */
export function createEvent<D extends EventDefinition>(
  definition: D,
  envelope: EnvelopeFields,
  fields: EventFields<D>,
): BusEvent {
  const { eventId = randomUUID(), aggregateId, correlationId, causationId = '', metadata, nowMs } = envelope;
  const base = {
    eventId,
    eventType: definition.subject,
    timestamp: timestampFromMs(nowMs),
    aggregateId,
    aggregateType: definition.aggregateType,
    version: MEANING_VERSION,
    correlationId,
    causationId,
    ...(metadata === undefined ? {} : { metadata }),
  };
  const schema: EventSchema = definition.schema;
  const message = create(schema, { ...fields, base });
  return { eventId, subject: definition.subject, correlationId, bytes: toBinary(schema, message) };
}

/**
 * An id that is the same whenever its parts are, shaped as a UUID (version 8, whose bits are the maker's own): for events
 * that a retry must not publish as new ones.
 */
export function derivedEventId(...parts: string[]): string {
  // Lengths before the texts: ('ab', 'c') and ('a', 'bc') must differ.
  const hash = createHash('sha256')
    .update(parts.map((part) => `${part.length}:${part}`).join(''))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** An event as read: its envelope, and its own message. */
export interface DecodedEvent<D extends EventDefinition = EventDefinition> extends Omit<Envelope, 'eventType'> {
  /** The subject it was published under. */
  subject: D['subject'];
  message: MessageShape<D['schema']>;
}

/**
 * Reads the bytes of an event.
 * @throws Error when they are not that message, its envelope is missing or another event's, or of a version that is not
 * known here
 */
export function decodeEvent<D extends EventDefinition>(definition: D, bytes: Uint8Array): DecodedEvent<D> {
  const message = fromBinary(definition.schema, bytes);
  const envelope = message.base === undefined ? undefined : envelopeOf(message.base);
  if (envelope === undefined) throw new Error('the message has no envelope with an event_id');
  const { eventType, ...others } = envelope;
  if (eventType !== definition.subject) {
    throw new Error(`its envelope says ${JSON.stringify(eventType.slice(0, 100))}`);
  }
  const { version } = envelope;
  if (version > MEANING_VERSION) throw new Error(`version ${version} is newer than this program knows`);
  return { ...others, subject: definition.subject, message: message as MessageShape<D['schema']> };
}
