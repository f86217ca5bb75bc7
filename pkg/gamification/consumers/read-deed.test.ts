import { describe, expect, test } from 'vitest';
import type { ReceivedEvent } from '#pkg/bus/consume-batch.ts';
import { createEvent, decodeEvent, type EventDefinition, EVENTS } from '#pkg/bus/events.ts';
import { readAnalysis, readNewUser, readTierChange } from './read-deed.ts';

const NOW = Date.parse('2026-03-12T12:00:00.000Z');
const ID = '0190d1a4-7f00-7000-8000-000000000001';
const USER = 'did:plc:abcdefghijklmnopqrstuvwx';
const OTHER = 'did:plc:zyxwvutsrqponmlkjihgfedc';

type Envelope = Partial<{ nowMs: number; eventId: string; correlationId: string }>;
interface Case<F> {
  readonly envelope?: Envelope;
  readonly fields?: Partial<F>;
  readonly attempt?: 1 | 2 | 3;
}

/** An event that came over a bus, with what a case changes. */
function received<D extends (typeof EVENTS)[keyof typeof EVENTS]>(definition: D, fields: object, of: Case<unknown>) {
  const envelope = { eventId: ID, aggregateId: ID, correlationId: 'c', nowMs: NOW, ...of.envelope };
  const event = createEvent<EventDefinition>(definition, envelope, { ...fields, ...(of.fields as object) });
  return {
    ...decodeEvent(definition, event.bytes),
    attempt: of.attempt ?? 1,
    streamSequence: 7,
  } as unknown as ReceivedEvent<D>;
}

const completed = (of: Case<{ analysisId: string; userId: string; type: string; tier: string; score: number }> = {}) =>
  received(EVENTS.timelineCompleted, { analysisId: ID, userId: USER, type: 'flow', tier: 'jet', score: 8.5 }, of);
const registered = (of: Case<{ userId: string; tier: string; referrerId: string }> = {}) =>
  received(EVENTS.userRegistered, { userId: USER, tier: 'drift', referrerId: OTHER }, of);
const tierChanged = (of: Case<{ userId: string; newTier: string }> = {}) =>
  received(EVENTS.userTierChanged, { userId: USER, oldTier: 'drift', newTier: 'jet' }, of);

const FIVE_MINUTES = 300_000;
const aheadReason = `the timestamp ${NOW + FIVE_MINUTES + 1} is more than 5 minutes ahead of our clock`;
const anyAttempt: [string, Envelope, string][] = [
  ['no timestamp', { nowMs: 0 }, 'there is no timestamp'],
  ['before 2024', { nowMs: Date.UTC(2024, 0, 1) - 1 }, 'the timestamp 1704067199999 is before 2024'],
  ['before 1970', { nowMs: -5 }, 'the timestamp -5 is before 2024'],
  [
    'a correlation id with a line break',
    { correlationId: 'a\nb' },
    'the correlation_id is not plain text of at most 200 characters',
  ],
  [
    'a correlation id with a NUL',
    { correlationId: 'a\0' },
    'the correlation_id is not plain text of at most 200 characters',
  ],
  [
    'an endless correlation id',
    { correlationId: 'a'.repeat(201) },
    'the correlation_id is not plain text of at most 200 characters',
  ],
  ['an endless event id', { eventId: 'a'.repeat(201) }, 'the event_id is not plain text of at most 200 characters'],
];

describe.each([
  ['an analysis', (of: Case<object>) => readAnalysis(completed(of), NOW)],
  ['somebody new', (of: Case<object>) => readNewUser(registered(of), NOW)],
  ['a change of tier', (of: Case<object>) => readTierChange(tierChanged(of), NOW)],
])('the envelope of %s', (_, read) => {
  test.each(anyAttempt)('with %s is dead', (_, envelope, reason) => {
    expect(read({ envelope })).toEqual({ kind: 'refused', outcome: { kind: 'dead', reason } });
  });

  test('from the future is tried again, for the clock may be ours; the last time it is dead', () => {
    const envelope = { nowMs: NOW + FIVE_MINUTES + 1 };
    for (const attempt of [1, 2] as const) {
      const again = { kind: 'retry', delayMs: 60_000, reason: aheadReason };
      expect(read({ envelope, attempt })).toEqual({ kind: 'refused', outcome: again });
    }
    const dead = { kind: 'dead', reason: aheadReason };
    expect(read({ envelope, attempt: 3 })).toEqual({ kind: 'refused', outcome: dead });
  });

  test.each([Date.UTC(2024, 0, 1), NOW, NOW + FIVE_MINUTES])('at %i is believed', (nowMs) => {
    expect(read({ envelope: { nowMs } })).toMatchObject({ kind: 'read', value: { atMs: nowMs } });
  });

  test.each(['', 'nobody', 'did:plc:', 'did:plc:a b', `did:web:${'a'.repeat(2048)}`])(
    'for the user %j is dead',
    (userId) => {
      expect(read({ fields: { userId } })).toEqual({
        kind: 'refused',
        outcome: { kind: 'dead', reason: 'the user_id is not a DID' },
      });
    },
  );
});

describe('an analysis', () => {
  test('is the deed that the event tells', () => {
    expect(readAnalysis(completed(), NOW)).toEqual({
      kind: 'read',
      value: {
        kind: 'analysis',
        userId: USER,
        eventId: ID,
        tier: 'jet',
        lens: 'flow',
        score: 8.5,
        atMs: NOW,
        correlationId: 'c',
        causationId: ID,
      },
    });
  });

  test.each([
    [{ type: 'all' }, 'unknown lens "all"'],
    [{ type: '' }, 'unknown lens ""'],
    [{ type: 'x'.repeat(100) }, `unknown lens "${'x'.repeat(40)}"`],
    [{ tier: 'gold' }, 'unknown tier "gold"'],
    [{ tier: '' }, 'unknown tier ""'],
    [{ analysisId: '' }, 'the analysis_id is not a UUID'],
    // The name of another row of the ledger: it would take that row's place.
    [{ analysisId: 'first_analysis' }, 'the analysis_id is not a UUID'],
    [{ analysisId: `${ID} ` }, 'the analysis_id is not a UUID'],
    [{ score: -0.1 }, 'the score -0.1 is not from 0 to 10'],
    [{ score: 10.1 }, 'the score 10.1 is not from 0 to 10'],
    [{ score: Number.NaN }, 'the score NaN is not from 0 to 10'],
    [{ score: Infinity }, 'the score Infinity is not from 0 to 10'],
  ])('with %j is dead', (fields, reason) => {
    expect(readAnalysis(completed({ fields }), NOW)).toEqual({ kind: 'refused', outcome: { kind: 'dead', reason } });
  });

  test('without a score has none', () => {
    const event = received(
      EVENTS.timelineCompleted,
      { analysisId: ID, userId: USER, type: 'pulse', tier: 'drift' },
      {},
    );
    expect(readAnalysis(event, NOW)).toMatchObject({ kind: 'read', value: { score: null } });
  });
});

describe('somebody new', () => {
  test('was brought by somebody', () => {
    expect(readNewUser(registered(), NOW)).toMatchObject({
      kind: 'read',
      value: {
        userId: USER,
        tier: 'drift',
        referral: { kind: 'referral', userId: OTHER, newUserId: USER, causationId: ID },
      },
    });
  });

  test.each(['', USER])('said to be brought by %j was brought by nobody', (referrerId) => {
    const read = readNewUser(registered({ fields: { referrerId } }), NOW);
    expect(read).toMatchObject({ kind: 'read', value: { referral: undefined } });
  });

  test.each([
    [{ referrerId: 'somebody' }, 'the referrer_id is not a DID'],
    [{ tier: 'gold' }, 'unknown tier "gold"'],
  ])('with %j is dead', (fields, reason) => {
    expect(readNewUser(registered({ fields }), NOW)).toEqual({ kind: 'refused', outcome: { kind: 'dead', reason } });
  });
});

test('a change to a tier that does not exist is dead', () => {
  const read = readTierChange(tierChanged({ fields: { newTier: 'gold' } }), NOW);
  expect(read).toEqual({ kind: 'refused', outcome: { kind: 'dead', reason: 'unknown tier "gold"' } });
});
