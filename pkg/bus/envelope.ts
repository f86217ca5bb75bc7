import { fromBinary, type JsonObject } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type BaseEvent, BaseEventSchema } from '#proto/skyflow/events/v1/base_pb.js';

/** What every event carries. */
export interface Envelope {
  eventId: string;
  /** The subject that it says it was published under. */
  eventType: string;
  /** When it happened, ms since 1970; 0 where it does not say. */
  timestampMs: number;
  aggregateId: string;
  aggregateType: string;
  /** Of the message's meaning. */
  version: number;
  correlationId: string;
  /** Empty where a request caused it. */
  causationId: string;
  metadata: JsonObject;
}

/** All events have it under this number. */
const FIELD = 1;

/** The envelope of any event, of unknown type or version too; undefined where the bytes have none with an id. */
export function readEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    const base = findBase(bytes);
    return base === undefined ? undefined : envelopeOf(base);
  } catch {
    return undefined;
  }
}

/** The envelope in its own words; undefined without an id. */
export function envelopeOf(base: BaseEvent): Envelope | undefined {
  if (base.eventId === '') return undefined;
  const { eventId, eventType, timestamp, aggregateId, aggregateType, version, correlationId, causationId } = base;
  return {
    eventId,
    eventType,
    timestampMs: timestamp === undefined ? 0 : timestampMs(timestamp),
    aggregateId,
    aggregateType,
    version,
    correlationId,
    causationId,
    metadata: base.metadata ?? {},
  };
}

function findBase(bytes: Uint8Array): BaseEvent | undefined {
  const reader = new BinaryReader(bytes);
  let base: BaseEvent | undefined;
  // To the end: bytes that break off are no event.
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === FIELD && type === WireType.LengthDelimited) base = fromBinary(BaseEventSchema, reader.bytes());
    else reader.skip(type, number);
  }
  return base;
}
