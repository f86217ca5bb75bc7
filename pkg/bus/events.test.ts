import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvent, decodeEvent, derivedEventId, EVENTS } from '#pkg/bus/events.ts';
import { streamOf, STREAMS } from '#pkg/bus/stream-table.ts';
import { dlqSubject, SUBJECTS } from '#pkg/bus/subjects.ts';
import { BaseEventSchema } from '#proto/skyflow/events/v1/base_pb.js';

/** The fields of an encoded message as they stand on the wire: number, and what follows it. */
function wireFields(bytes: Uint8Array): [number, string | number | Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, string | number | Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.Varint) fields.push([number, Number(reader.int64())]);
    else if (type === WireType.Bit64) fields.push([number, reader.double()]);
    else fields.push([number, reader.bytes()]);
  }
  return fields;
}

const text = (value: string | number | Uint8Array | undefined) => Buffer.from(value as Uint8Array).toString();
const shownFields = (bytes: Uint8Array) =>
  wireFields(bytes).map(([number, value]) => [number, value instanceof Uint8Array ? text(value) : value]);

const envelope = { eventId: 'e', aggregateId: 'a', correlationId: 'c', nowMs: 1_700_000_000_123 };

describe('the wire', () => {
  it('has the envelope under exactly these numbers', () => {
    const { bytes } = createEvent(
      EVENTS.userRegistered,
      { ...envelope, causationId: 'cause', metadata: { key: 'value' } },
      {},
    );
    const [first, ...rest] = wireFields(bytes);
    expect(rest).toEqual([]);
    expect(first?.[0]).toBe(1);
    const base = wireFields(first?.[1] as Uint8Array);
    const time = base.find(([number]) => number === 3)?.[1] as Uint8Array;
    expect(wireFields(time)).toEqual([
      [1, 1_700_000_000],
      [2, 123_000_000],
    ]);
    const shown = base.map(([number, value]) => [number, value instanceof Uint8Array ? text(value) : value]);
    expect(shown.filter(([number]) => number !== 3 && number !== 9)).toEqual([
      [1, 'e'],
      [2, 'events.user.registered'],
      [4, 'a'],
      [5, 'user'],
      [6, 1],
      [7, 'c'],
      [8, 'cause'],
    ]);
    expect(shown.find(([number]) => number === 9)?.[1]).toContain('value');
  });

  it('has XP under exactly these numbers', () => {
    const fields = {
      userId: 'u',
      xpDelta: 15,
      xpTotal: 40n,
      xpMultiplier: 150,
      reason: 'r',
      bonus: true,
      bonusReason: 'b',
    };
    const { bytes } = createEvent(EVENTS.xpEarned, envelope, { ...fields, context: { lens: 'flow' } });
    const shown = shownFields(bytes).slice(1);
    expect(shown.filter(([number]) => number !== 7)).toEqual([
      [2, 'u'],
      [3, 15],
      [4, 40],
      [5, 150],
      [6, 'r'],
      [8, 1],
      [9, 'b'],
    ]);
    expect(shown.find(([number]) => number === 7)?.[1]).toContain('flow');
  });

  it('has the events of an analysis under exactly these numbers', () => {
    const question = {
      analysisId: 'i',
      userId: 'u',
      subjectDid: 's',
      type: 't',
      window: 'w',
      audience: 'f',
      tier: 'x',
    };
    const shared = [
      [2, 'i'],
      [3, 'u'],
      [4, 's'],
      [5, 't'],
      [6, 'w'],
      [7, 'f'],
      [8, 'x'],
    ];
    const requested = createEvent(EVENTS.timelineRequested, envelope, question);
    expect(shownFields(requested.bytes).slice(1)).toEqual(shared);
    const completed = createEvent(EVENTS.timelineCompleted, envelope, {
      ...question,
      cached: true,
      durationMs: 12n,
      score: 8.5,
    });
    expect(shownFields(completed.bytes).slice(1)).toEqual([...shared, [9, 1], [10, 12], [11, 8.5]]);
    const failed = createEvent(EVENTS.timelineFailed, envelope, {
      ...question,
      errorCode: 'code',
      errorMessage: 'message',
      attempts: 3,
    });
    expect(shownFields(failed.bytes).slice(1)).toEqual([...shared, [9, 'code'], [10, 'message'], [11, 3]]);
  });

  it('has a realtime event under exactly these numbers', () => {
    const event = createEvent(EVENTS.realtimeXpEarned, envelope, { userId: 'u', name: 'xp_earned', data: { xp: 1 } });
    expect(wireFields(event.bytes).map(([number]) => number)).toEqual([1, 2, 3, 4]);
  });

  it('tells a score of 0 from none', () => {
    const read = (fields: { score?: number }) =>
      decodeEvent(EVENTS.timelineCompleted, createEvent(EVENTS.timelineCompleted, envelope, fields).bytes).message;
    expect(read({ score: 0 }).score).toBe(0);
    expect(read({}).score).toBeUndefined();
  });
});

describe('createEvent and decodeEvent', () => {
  const definitions = Object.values(EVENTS);
  // Protobuf has no lone surrogates; JSON has no -0, so Struct does not keep it either way.
  const words = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed());

  it('give back every envelope that was put in, for every event', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...definitions),
        fc.record({
          eventId: words.filter((value) => value !== ''),
          aggregateId: words,
          correlationId: words,
          causationId: words,
          nowMs: fc.integer({ min: 0, max: 253_402_300_799_999 }),
          metadata: fc.dictionary(
            words,
            fc.oneof(words, fc.boolean(), fc.constant(null), fc.integer(), fc.array(words, { maxLength: 3 })),
          ),
        }),
        (definition, given) => {
          const event = createEvent(definition, given, {});
          expect(event).toMatchObject({
            eventId: given.eventId,
            subject: definition.subject,
            correlationId: given.correlationId,
          });
          const { nowMs, metadata, ...ids } = given;
          const read = decodeEvent(definition, event.bytes);
          expect(read).toMatchObject({
            ...ids,
            subject: definition.subject,
            aggregateType: definition.aggregateType,
            timestampMs: nowMs,
            version: 1,
          });
          expect({ ...read.metadata }).toEqual({ ...metadata });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives back the fields of a message', () => {
    fc.assert(
      fc.property(
        fc.record({ analysisId: words, userId: words, subjectDid: words, cached: fc.boolean() }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.option(fc.double({ noNaN: true }), { nil: undefined }),
        (fields, durationMs, score) => {
          const given = { ...fields, durationMs, ...(score === undefined ? {} : { score }) };
          const { bytes } = createEvent(EVENTS.timelineCompleted, envelope, given);
          const { message } = decodeEvent(EVENTS.timelineCompleted, bytes);
          expect(message).toMatchObject(given);
          expect(message.score).toBe(score);
        },
      ),
    );
  });

  it('never gives an event for bytes that are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeEvent(EVENTS.timelineRequested, bytes)).toThrow(Error);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the fields that a newer version added', () => {
    const { bytes } = createEvent(EVENTS.timelineRequested, envelope, { analysisId: 'a' });
    // Field 99, text "new".
    const newer = Buffer.concat([bytes, Buffer.from([0x9a, 0x06, 0x03, 0x6e, 0x65, 0x77])]);
    const { message } = decodeEvent(EVENTS.timelineRequested, newer);
    expect(message.analysisId).toBe('a');
    expect(Buffer.from(toBinary(EVENTS.timelineRequested.schema, message)).equals(newer)).toBe(true);
  });

  it('makes an id where none is given', () => {
    const make = () => createEvent(EVENTS.userDeleted, { aggregateId: 'a', correlationId: 'c', nowMs: 0 }, {}).eventId;
    expect(make()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(make()).not.toBe(make());
  });

  it('has no envelope but under number 1', () => {
    const base = toBinary(BaseEventSchema, fromBinary(BaseEventSchema, Buffer.from([0x0a, 0x01, 0x65])));
    expect(() => decodeEvent(EVENTS.userDeleted, base)).toThrow();
  });
});

describe('derivedEventId', () => {
  it('is the same for the same parts, a UUID, and another for others', () => {
    expect(derivedEventId('a', 'b')).toBe(derivedEventId('a', 'b'));
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
        expect(derivedEventId(...one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(derivedEventId(...one) === derivedEventId(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    expect(derivedEventId('ab', 'c')).not.toBe(derivedEventId('a', 'bc'));
  });

  it('stays what it is: ids of events that are on their way depend on it', () => {
    expect(derivedEventId('analysis', 'completed')).toBe('113e8135-5faf-8121-b879-ee3a2d2f3c43');
  });
});

describe('the subjects', () => {
  it('have one event each, of at most four levels, in one stream', () => {
    expect(Object.values(EVENTS).map(({ subject }) => subject)).toEqual(Object.values(SUBJECTS));
    for (const subject of Object.values(SUBJECTS)) {
      expect(subject).toMatch(/^events(\.[a-z_]+){2,3}$/);
      expect(streamOf(subject)).toBeDefined();
    }
    expect(new Set(Object.values(SUBJECTS)).size).toBe(Object.values(SUBJECTS).length);
  });

  it('have their dead letters in DLQ', () => {
    expect(dlqSubject('events.xp.earned')).toBe('dlq.events.xp.earned');
    expect(streamOf('dlq.events.xp.earned')).toBe('DLQ');
    expect(streamOf('events.unheard.of')).toBeUndefined();
    expect(streamOf('events.user.')).toBeUndefined();
    expect(Object.keys(STREAMS)).toEqual(['USER', 'SUBSCRIPTION', 'TIMELINE', 'GAMIFICATION', 'REALTIME', 'DLQ']);
  });
});
