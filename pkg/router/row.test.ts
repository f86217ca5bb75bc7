import { describe, expect, test } from 'vitest';
import { letterRow, replayHeaders } from './letter.ts';
import { bytesOf, NOW_MS, raw } from './messages-for-tests.ts';
import { anyRow, eventRow, LIMITS } from './row.ts';

describe('an event', () => {
  test('is a row with what its envelope says', () => {
    const bytes = bytesOf({ causationId: 'parent' });
    expect(eventRow(raw('events.user.updated', bytes))).toEqual({
      ok: true,
      row: {
        id: 'e-1',
        eventId: 'e-1',
        subject: 'events.user.updated',
        aggregateId: 'did:plc:a',
        aggregateType: 'user',
        correlationId: 'c-1',
        causationId: 'parent',
        version: 1,
        occurredAtMs: NOW_MS,
        recordedAtMs: NOW_MS + 5,
        bytes,
      },
    });
  });

  test('of unknown type or a newer version is one, too', () => {
    const read = eventRow(raw('events.user.teleported', bytesOf({ eventType: 'events.user.teleported', version: 9 })));
    expect(read).toMatchObject({ ok: true, row: { subject: 'events.user.teleported', version: 9 } });
  });

  test.each([
    ['no event at all', Buffer.from('hello'), 'no envelope'],
    ['nothing', new Uint8Array(), 'no envelope'],
    ['an envelope without an id', bytesOf({ eventId: '' }), 'no envelope'],
    ['bytes that break off', bytesOf().subarray(0, -3), 'no envelope'],
    ['an id that is too long', bytesOf({ eventId: 'x'.repeat(LIMITS.eventId + 1) }), 'event_id is longer than 128'],
    ['a NUL, which Postgres does not take', bytesOf({ aggregateId: 'a\0b' }), 'aggregate_id holds a NUL'],
    ['a correlation id that is too long', bytesOf({ correlationId: 'x'.repeat(129) }), 'correlation_id is longer'],
  ])('%s is refused with the reason', (_, bytes, reason) => {
    expect(eventRow(raw('events.user.updated', bytes))).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  test.each([-5, 0, 253_402_300_800_000])('a time that no column holds (%i) is none', (timestampMs) => {
    expect(eventRow(raw('events.user.updated', bytesOf({ timestampMs })))).toMatchObject({
      row: { occurredAtMs: null },
    });
  });
});

test('of a message that must be kept, what does not fit is cut', () => {
  const bytes = bytesOf({ eventId: 'x'.repeat(500), aggregateId: 'a\0b', aggregateType: `${'y'.repeat(63)}\u{1F600}` });
  const row = anyRow('id', raw('s'.repeat(400), bytes));
  expect(row).toMatchObject({ id: 'id', eventId: 'x'.repeat(128), aggregateId: 'ab', subject: 's'.repeat(256) });
  expect(row.aggregateType).toBe(`${'y'.repeat(63)}\uFFFD`);
  expect(anyRow('id', raw('s', Buffer.from('junk')))).toMatchObject({ eventId: '', occurredAtMs: null, version: 0 });
});

describe('a dead letter', () => {
  const headers = new Map([
    ['Nats-Msg-Id', 'dlq-USER-user-indexer-7'],
    ['Skyflow-Correlation-Id', 'c-1'],
    ['Skyflow-Original-Nats-Msg-Id', 'e-1'],
    ['Skyflow-Error', 'it broke'],
    ['Skyflow-Durable', 'user-indexer'],
    ['Skyflow-Attempts', '3'],
    ['Skyflow-Stream-Sequence', '7'],
  ]);
  const message = raw('dlq.events.user.updated', bytesOf(), { headers });

  test('says where it came from and why', () => {
    const row = letterRow(message);
    expect(row).toMatchObject({
      subject: 'events.user.updated',
      eventId: 'e-1',
      correlationId: 'c-1',
      durable: 'user-indexer',
      attempts: 3,
      error: 'it broke',
      headers: Object.fromEntries(headers),
      bytes: message.bytes,
    });
    expect(row.id).toMatch(/^dlq-USER-user-indexer-7-[0-9a-f]{12}$/);
  });

  test('published twice is one; in the same place of a stream made anew it is another', () => {
    const again = letterRow({ ...message, streamSequence: 99, storedAtMs: 1 });
    expect(again.id).toBe(letterRow(message).id);
    expect(letterRow({ ...message, bytes: bytesOf({ eventId: 'e-2' }) }).id).not.toBe(again.id);
  });

  test('with broken bytes and no headers is kept; the request is known from the header', () => {
    const bytes = Buffer.from('junk');
    expect(letterRow({ ...message, bytes })).toMatchObject({ eventId: '', correlationId: 'c-1', bytes });
    const bare = letterRow(raw('dlq.events.user.updated', bytes));
    expect(bare).toMatchObject({ durable: '', attempts: 0, error: '' });
    expect(bare.id).not.toBe(letterRow(raw('dlq.events.user.updated', bytes, { streamSequence: 8 })).id);
  });

  test('is replayed under the headers of the original alone', () => {
    expect([...replayHeaders(12, Object.fromEntries(headers))]).toEqual([
      ['Skyflow-Correlation-Id', 'c-1'],
      ['Skyflow-Replay-Of', '12'],
    ]);
  });
});
