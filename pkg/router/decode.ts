import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import { type EventDefinition, type EventSchema, EVENTS, readEnvelope } from '#pkg/bus/events.ts';
import { toError } from '#pkg/runtime/errors.ts';

/** The bytes of a message for people. What could not be read is null. */
export interface DecodedBytes {
  readonly envelope: JsonObject | null;
  /** The event's own fields; null where its type is not known, too. */
  readonly message: JsonObject | null;
  /** Why something is missing; empty where nothing is. */
  readonly problem: string;
}

/** Reads a message as far as it can be read. Never fails. */
export const decodeBytes = (subject: string, bytes: Uint8Array): DecodedBytes => {
  const definition = definitionOf(subject);
  if (definition === undefined) {
    const envelope = envelopeOf(bytes);
    return { envelope, message: null, problem: `${subject} is no event that this program knows` };
  }
  try {
    const schema: EventSchema = definition.schema;
    // Fields without a value are shown too: that a tier is empty may be what is wrong.
    const whole = toJson(schema, fromBinary(schema, bytes), { alwaysEmitImplicit: true, useProtoFieldName: true });
    const { base, ...message } = whole as JsonObject;
    if (base === undefined) return { envelope: null, message, problem: 'it has no envelope' };
    return { envelope: base as JsonObject, message, problem: '' };
  } catch (error) {
    return { envelope: envelopeOf(bytes), message: null, problem: toError(error).message };
  }
};

const definitionOf = (subject: string): EventDefinition | undefined =>
  Object.values<EventDefinition>(EVENTS).find((known) => known.subject === subject);

const envelopeOf = (bytes: Uint8Array): JsonObject | null => {
  const envelope = readEnvelope(bytes);
  if (envelope === undefined) return null;
  return {
    event_id: envelope.eventId,
    event_type: envelope.eventType,
    timestamp: isoOf(envelope.timestampMs),
    aggregate_id: envelope.aggregateId,
    aggregate_type: envelope.aggregateType,
    version: envelope.version,
    correlation_id: envelope.correlationId,
    causation_id: envelope.causationId,
  };
};

const isoOf = (ms: number): string => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
};

/** What an event says in a few words, such as `flow of did:plc:a`; empty where there is nothing to say. */
export const gistOf = (subject: string, bytes: Uint8Array): string => {
  const { message } = decodeBytes(subject, bytes);
  if (message === null) return '';
  const field = (name: string): string => {
    const value = message[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const gist = GISTS[subject]?.(field, message) ?? '';
  return gist.replace(/\s+/g, ' ').trim();
};

type Field = (name: string) => string;

const lens = (field: Field): string => `${field('type')} of ${field('subject_did')}, ${field('window')}`;
const signed = (text: string): string => (text.startsWith('-') ? text : `+${text}`);

const GISTS: Readonly<Record<string, (field: Field, message: JsonObject) => string>> = {
  [EVENTS.timelineRequested.subject]: (field) => `${lens(field)}, for a user on ${field('tier')}`,
  [EVENTS.timelineCompleted.subject]: (field, message) =>
    `${lens(field)}${field('score') === '' ? '' : `, score ${field('score')}`}${message['cached'] === true ? ', from the cache' : ''}`,
  [EVENTS.timelineFailed.subject]: (field) => `${lens(field)}: ${field('error_code')}`,
  [EVENTS.xpEarned.subject]: (field) =>
    `${signed(field('xp_delta'))} XP, ${field('xp_total')} in all: ${field('reason')}`,
  [EVENTS.achievementUnlocked.subject]: (field) => `${field('slug')}, ${field('rarity')}`,
  [EVENTS.streakBroken.subject]: (field) => `${field('previous_streak')} days, missed ${field('missed_date')}`,
  [EVENTS.userRegistered.subject]: (field) => `${field('handle')} on ${field('tier')}`,
  [EVENTS.userUpdated.subject]: (field) => field('handle'),
  [EVENTS.userDeleted.subject]: (field) => field('reason'),
  [EVENTS.userTierChanged.subject]: (field) => `${field('old_tier')} to ${field('new_tier')}`,
};
