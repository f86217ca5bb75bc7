import { describe, expect, test } from 'vitest';
import type { AuditEntry } from './audit.ts';
import { decodeBytes, gistOf } from './decode.ts';
import { bytesOf, requested } from './messages-for-tests.ts';
import { readSubject } from './subject.ts';
import { traceTree } from './trace.ts';

const entry = (id: string, causationId: string, atMs: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  id,
  kind: 'event',
  eventId: id,
  subject: 'events.user.updated',
  aggregateId: '',
  aggregateType: '',
  correlationId: 'c',
  causationId,
  version: 1,
  occurredAt: new Date(atMs),
  recordedAt: new Date(atMs + 1_000),
  bytes: new Uint8Array(),
  letter: null,
  ...more,
});

/** The tree as an outline. */
const outline = (entries: readonly AuditEntry[]): string[] =>
  traceTree(entries).map(({ entry: { id }, depth }) => '.'.repeat(depth) + id);

describe('the tree', () => {
  test('puts events under their causes, siblings by time, whatever order they come in', () => {
    const entries = [entry('c2', 'b', 40), entry('a', '', 10), entry('c1', 'b', 30), entry('b', 'a', 20)];
    expect(outline(entries)).toEqual(['a', '.b', '..c1', '..c2']);
    expect(traceTree(entries).map(({ atMs }) => atMs)).toEqual([10, 20, 30, 40]);
  });

  test('what is not there causes nothing: such events stand at the root', () => {
    expect(outline([entry('a', '', 10), entry('x', 'gone', 20), entry('y', 'x', 30)])).toEqual(['a', 'x', '.y']);
  });

  test('a dead letter and a replay stand under their event, when they happened', () => {
    const letter = entry('dlq-1', '', 5, { kind: 'dead_letter', eventId: 'b' });
    const replayed = entry('replay-1-1', '', 6, { kind: 'replay', eventId: 'b', occurredAt: null });
    expect(outline([replayed, letter, entry('b', 'a', 20), entry('a', '', 10), entry('c', 'b', 30)])).toEqual([
      'a',
      '.b',
      '..c',
      '..dlq-1',
      '..replay-1-1',
    ]);
  });

  test('of an event that was never audited they stand under what caused it, or at the root', () => {
    const letter = entry('dlq-1', 'a', 5, { kind: 'dead_letter', eventId: 'frame' });
    const broken = entry('dlq-2', '', 6, { kind: 'dead_letter', eventId: '' });
    expect(outline([entry('a', '', 10), letter, broken])).toEqual(['a', '.dlq-1', 'dlq-2']);
  });

  test('loops and events that caused themselves are drawn once, all of them', () => {
    const loop = [entry('a', 'c', 10), entry('b', 'a', 20), entry('c', 'b', 30), entry('self', 'self', 40)];
    expect(outline(loop)).toEqual(['self', 'a', '.b', '..c']);
  });

  test('a chain of a thousand is no trouble', () => {
    const chain = Array.from({ length: 1_000 }, (_, at) => entry(`e${at}`, at === 0 ? '' : `e${at - 1}`, at));
    expect(traceTree(chain).at(-1)).toMatchObject({ depth: 999 });
  });
});

describe('a message for people', () => {
  const event = requested('analysis-1');

  test('is its envelope and its fields', () => {
    expect(decodeBytes(event.subject, event.bytes)).toMatchObject({
      envelope: { event_id: 'event-analysis-1', event_type: 'events.timeline.requested', version: 1 },
      message: { analysis_id: 'analysis-1', type: 'flow', audience: '' },
      problem: '',
    });
    expect(gistOf(event.subject, event.bytes)).toBe('flow of did:plc:b, 48h, for a user on lift');
  });

  test('of an unknown type shows the envelope and says so', () => {
    const decoded = decodeBytes('events.user.teleported', bytesOf());
    expect(decoded).toMatchObject({ envelope: { event_id: 'e-1' }, message: null });
    expect(decoded.problem).toContain('events.user.teleported is no event');
  });

  test('that cannot be read says why', () => {
    expect(decodeBytes(event.subject, Buffer.from('junk'))).toMatchObject({ envelope: null, message: null });
    expect(decodeBytes(event.subject, Buffer.from('junk')).problem).not.toBe('');
    expect(gistOf(event.subject, Buffer.from('junk'))).toBe('');
  });
});

test.each([
  ['events.xp.earned', 'events.xp.earned', undefined],
  ['events.xp.>', undefined, 'events.xp.'],
  ['dlq.events.xp.>', undefined, 'events.xp.'],
  ['>', undefined, undefined],
])('the subject %s is understood', (text, exact, prefix) => {
  expect(readSubject(text)).toEqual({ exact, prefix });
});

test.each(['', 'events.*.x', 'events.>.x', 'events. x', 'events..x', 'events>'])('%j is no subject', (text) => {
  expect(readSubject(text)).toBeUndefined();
});
