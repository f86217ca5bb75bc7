import { create, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvent, decodeEvent, EVENTS, readEnvelope } from '#pkg/bus/events.ts';
import { BaseEventSchema } from '#proto/skyflow/events/v1/base_pb.js';

const given = {
  eventId: 'e',
  aggregateId: 'a',
  correlationId: 'c',
  causationId: 'p',
  metadata: { key: 'value' },
  nowMs: 1_700_000_000_123,
};

/** An event whose own fields are `rest`, of any type and version. */
function strange(
  base: { eventId?: string; eventType?: string; version?: number },
  rest: Uint8Array = new Uint8Array(),
) {
  const bytes = toBinary(BaseEventSchema, create(BaseEventSchema, { eventId: 'e', version: 1, ...base }));
  return Buffer.concat([Uint8Array.of(0x0a, bytes.length), bytes, rest]);
}

describe('readEnvelope', () => {
  it('says the same as decodeEvent, for every event', () => {
    for (const definition of Object.values(EVENTS)) {
      const { bytes } = createEvent(definition, given, {});
      const { message: _message, subject, ...others } = decodeEvent(definition, bytes);
      expect(readEnvelope(bytes)).toEqual({ ...others, eventType: subject });
      expect(others).toMatchObject({ eventId: 'e', timestampMs: given.nowMs, causationId: 'p', version: 1 });
    }
  });

  it('reads events of unknown type and of a newer version, whatever their own fields are', () => {
    // Number 2: here a number, in every event of the table a text.
    const bytes = strange({ eventType: 'events.moon.landed', version: 9 }, Uint8Array.of(0x10, 0x05));
    expect(readEnvelope(bytes)).toMatchObject({ eventId: 'e', eventType: 'events.moon.landed', version: 9 });
  });

  it('finds none without an id, nor in bytes that break off or are none', () => {
    expect(readEnvelope(new Uint8Array())).toBeUndefined();
    expect(readEnvelope(strange({ eventId: '' }))).toBeUndefined();
    const { bytes } = createEvent(EVENTS.userDeleted, given, { userId: 'u' });
    expect(readEnvelope(bytes.subarray(0, -1))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        expect(['undefined', 'object']).toContain(typeof readEnvelope(noise));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the version of an event', () => {
  it('is refused when it is newer than what this program knows', () => {
    const eventType = EVENTS.userDeleted.subject;
    expect(decodeEvent(EVENTS.userDeleted, strange({ eventType, version: 1 }))).toMatchObject({ version: 1 });
    expect(() => decodeEvent(EVENTS.userDeleted, strange({ eventType, version: 2 }))).toThrow(
      /^version 2 is newer than this program knows$/,
    );
  });
});
