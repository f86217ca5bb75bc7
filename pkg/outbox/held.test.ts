import { expect, test } from 'vitest';
import { HeldFrames, HOLD_MS } from './held.ts';
import { CLAIM_MS, type InHand } from './table.ts';

const NOW = 1_700_000_000_000;
const frame = (eventId: string, writtenAtMs = NOW): InHand => ({
  event: { eventId, subject: 'events.realtime.xp_earned', correlationId: 'c', bytes: new Uint8Array() },
  writtenAtMs,
  claimedUntilMs: writtenAtMs + CLAIM_MS,
});
const idsOf = (frames: readonly InHand[]) => frames.map(({ event }) => event.eventId);

/** Holds these as if published at `NOW`, in this order, with sequences from 1. */
function holding(ids: readonly string[], { max = 100, life }: { max?: number; life?: string } = {}): HeldFrames {
  const held = new HeldFrames(max);
  if (life !== undefined) held.look({ life, ackFloor: 0 }, NOW);
  for (const [index, id] of ids.entries()) held.hold(frame(id), { sequence: index + 1, life: held.life, nowMs: NOW });
  return held;
}

test('what the reader acknowledged is over, the rest waits', () => {
  const held = holding(['a', 'b', 'c'], { life: 'one' });
  expect(held.look({ life: 'one', ackFloor: 2 }, NOW + 1)).toEqual({ over: ['a', 'b'], lost: [] });
  expect(held.ids()).toEqual(['c']);
});

test('another life: all that went before are to be published again, whatever their sequence says', () => {
  const held = holding(['a', 'b'], { life: 'one' });
  const { over, lost } = held.look({ life: 'two', ackFloor: 50 }, NOW + 1);
  expect([over, idsOf(lost), held.size]).toEqual([[], ['a', 'b'], 0]);
  held.hold(frame('a'), { sequence: 1, life: held.life, nowMs: NOW + 2 });
  expect(held.look({ life: 'two', ackFloor: 1 }, NOW + 3)).toEqual({ over: ['a'], lost: [] });
});

test('published before anybody looked: nobody knows into which life', () => {
  const held = holding(['a']);
  expect(idsOf(held.look({ life: 'one', ackFloor: 9 }, NOW + 1).lost)).toEqual(['a']);
});

test('a durable that is not there is a life of its own, so nothing is published at every look', () => {
  const held = holding(['a'], { life: 'one' });
  expect(idsOf(held.look(undefined, NOW + 1).lost)).toEqual(['a']);
  held.hold(frame('a'), { sequence: 1, life: held.life, nowMs: NOW + 1 });
  expect(held.look(undefined, NOW + 2)).toEqual({ over: [], lost: [] });
  expect(idsOf(held.look({ life: 'two', ackFloor: 1 }, NOW + 3).lost)).toEqual(['a']);
});

test('nobody waits longer than 10 seconds for a reader', () => {
  const held = holding(['a'], { life: 'one' });
  expect(HOLD_MS).toBe(10_000);
  const place = { life: 'one', ackFloor: 0 };
  expect(held.look(place, NOW + 9_999).over).toEqual([]);
  expect(held.look(place, NOW + 10_000).over).toEqual(['a']);
});

test('a frame whose time is over in another life is neither over nor lost: its row stays for the sweep', () => {
  const held = holding(['a'], { life: 'one' });
  expect(held.look({ life: 'two', ackFloor: 9 }, NOW + HOLD_MS)).toEqual({ over: [], lost: [] });
  expect(held.size).toBe(0);
});

test('is let go before another relay may take it, where nobody could look', () => {
  const held = new HeldFrames(100);
  // Published late: its claim ends before the ten seconds do.
  held.hold(frame('late', NOW - 7_000), { sequence: 1, life: undefined, nowMs: NOW });
  held.hold(frame('soon'), { sequence: 2, life: undefined, nowMs: NOW });
  held.letGo(NOW + 5_000);
  expect(held.ids()).toEqual(['soon']);
  expect(NOW + 5_000).toBeLessThan(NOW - 7_000 + CLAIM_MS);
});

test('too many: the oldest are over', () => {
  const held = holding(['a', 'b'], { max: 2, life: 'one' });
  expect(held.hold(frame('c'), { sequence: 3, life: 'one', nowMs: NOW })).toEqual(['a']);
  expect(held.ids()).toEqual(['b', 'c']);
});

test('only frames are held, and none that its stream would not keep any more', () => {
  const held = new HeldFrames(1);
  const earned = { ...frame('a'), event: { ...frame('a').event, subject: 'events.xp.earned' } };
  expect([held.wants(frame('a'), NOW), held.wants(earned, NOW)]).toEqual([true, false]);
  expect(held.wants(frame('a', NOW - 300_000), NOW)).toBe(false);
});
