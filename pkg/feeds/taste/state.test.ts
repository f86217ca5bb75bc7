import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Taste } from '../parts.ts';
import { decodeTaste, encodeTaste } from './codec.ts';
import { TASTE_EVENTS } from './events.ts';
import { type ModelTaste, modelTaste } from './state-model.ts';
import { LIMITS, type Signal, emptyState, learn, tasteAt } from './state.ts';

const day = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);

const learned = (signals: readonly Signal[]) => {
  const state = emptyState();
  for (const signal of signals) learn(state, signal);
  return state;
};

const say = (event: Signal['event'], tid: number, more: Partial<Signal> & { author?: bigint } = {}): Signal => ({
  event,
  post: { actorId: more.author ?? 1n, tid: BigInt(tid) },
  tags: [],
  atMs: startMs,
  ...more,
});

const signalsArbitrary = fc
  .array(
    fc.record({
      // Less and more most of all: what they do to one another is the hard part.
      event: fc.constantFrom('requestLess' as const, 'requestMore' as const, ...TASTE_EVENTS),
      author: fc.integer({ min: 1, max: 3 }),
      post: fc.integer({ min: 1, max: 4 }),
      tags: fc.array(fc.constantFrom('cats', 'dogs', 'Ünïcode'), { maxLength: 3 }),
      pauseMs: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 20 * day })),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((drawn) => {
    let atMs = startMs;
    return drawn.map(({ event, author, post, tags, pauseMs }): Signal => {
      atMs += pauseMs;
      return { event, post: { actorId: BigInt(author), tid: BigInt(post) }, tags, atMs };
    });
  });

/** Factors closer to 1 than a hundredth may be left out, and weights are kept to a millionth. */
const expectFactors = <K>(actual: ReadonlyMap<K, number>, expected: ReadonlyMap<K, number>): void => {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [own = 1, other = 1] = [actual.get(key), expected.get(key)];
    expect(Math.abs(own - other), `factor of ${String(key)}: ${own}, not ${other}`).toBeLessThan(
      actual.has(key) ? 0.0005 : 0.011,
    );
  }
};

const expectTaste = (actual: Taste, expected: ModelTaste): void => {
  expect(new Set(actual.less)).toEqual(expected.less);
  expect(new Set(actual.seen)).toEqual(expected.seen);
  expectFactors(actual.authors, expected.authors);
  expectFactors(actual.tags, expected.tags);
};

describe('a taste', () => {
  it('is what a simple model makes of the same words, also when it is written and read in between', () => {
    fc.assert(
      fc.property(signalsArbitrary, fc.integer({ min: 0, max: 100 * day }), fc.nat(), (signals, laterMs, cut) => {
        const nowMs = (signals.at(-1)?.atMs ?? startMs) + laterMs;
        const half = signals.length === 0 ? 0 : cut % signals.length;
        const state = decodeTaste(encodeTaste(learned(signals.slice(0, half))).bytes)?.state ?? emptyState();
        for (const signal of signals.slice(half)) learn(state, signal);
        expectTaste(tasteAt(state, nowMs), modelTaste(signals, nowMs));
      }),
      { numRuns: 300 },
    );
  });

  it('is the same when everything was said twice', () => {
    fc.assert(
      fc.property(signalsArbitrary, (signals) => {
        const nowMs = signals.at(-1)?.atMs ?? startMs;
        const once = learned(signals);
        // A client that had no answer says the same again, at once.
        const twice = learned(signals.flatMap((signal) => [signal, signal]));
        expect(tasteAt(twice, nowMs)).toEqual(tasteAt(once, nowMs));
      }),
    );
  });

  it('hides an author after the third request for less within 30 days, for 30 days', () => {
    const thrice = [0, 10, 20].map((days, tid) => say('requestLess', tid, { atMs: startMs + days * day }));
    const factor = (signals: readonly Signal[], days: number) =>
      tasteAt(learned(signals), startMs + days * day).authors.get(1n) ?? 1;
    expect(factor(thrice.slice(0, 2), 20)).toBeGreaterThan(0);
    expect(factor(thrice, 20)).toBe(0);
    expect(factor(thrice, 49.9)).toBe(0);
    expect(factor(thrice, 50.1)).toBeGreaterThan(0);
    const apart = [0, 16, 32].map((days, tid) => say('requestLess', tid, { atMs: startMs + days * day }));
    expect(factor(apart, 32)).toBeGreaterThan(0);
    const excused = [...thrice, say('requestMore', 9, { atMs: startMs + 21 * day })];
    expect(factor(excused, 21)).toBeGreaterThan(factor(thrice.slice(0, 2), 21));
  });

  it('moves no factor beyond its cap, and takes none back that is beyond it', () => {
    const likes = Array.from({ length: 50 }, (_, tid) => say('interactionLike', tid, { tags: ['cats'] }));
    const mores = Array.from({ length: 50 }, (_, tid) => say('requestMore', tid, { tags: ['cats'] }));
    const at = (signals: readonly Signal[]) => tasteAt(learned(signals), startMs);
    expect(at(likes).authors.get(1n)).toBeCloseTo(2);
    expect(at(likes).tags.get('cats')).toBeCloseTo(2);
    expect(at(mores).authors.get(1n)).toBeCloseTo(4);
    expect(at([...mores, ...likes]).tags.get('cats')).toBeCloseTo(3);
  });

  it('holds so much and no more: the newest posts, the strongest factors', () => {
    const state = emptyState();
    learn(state, say('requestLess', 0, { author: 7n, tags: ['worst'] }));
    for (let index = 0; index < 3_000; index += 1) {
      const author = BigInt(1_000 + index);
      for (const event of ['requestLess', 'interactionSeen', 'interactionLike'] as const) {
        learn(state, say(event, index, { author, tags: [`tag${index}`], atMs: startMs + index }));
      }
    }
    const taste = tasteAt(state, startMs);
    expect(taste.less.size).toBe(LIMITS.less);
    expect(taste.seen.size).toBe(LIMITS.seen);
    expect(state.counted.size).toBe(LIMITS.counted);
    expect(state.authors.size).toBe(LIMITS.authors);
    expect(state.tags.size).toBe(LIMITS.tags);
    expect(taste.less.has('3999:2999')).toBe(true);
    expect(taste.less.has('1000:0')).toBe(false);
    // Halved, and not liked afterwards as all the others were.
    expect(taste.authors.has(7n)).toBe(true);
    expect(taste.tags.has('worst')).toBe(true);
    expect(encodeTaste(state).bytes.length).toBeLessThan(90_000);
  });
});

describe('a taste that was written', () => {
  it('is not read when it is cut short, of another form, or nonsense', () => {
    const { bytes, stamp } = encodeTaste(
      learned([say('requestLess', 1, { tags: ['cats'] }), say('interactionSeen', 2)]),
    );
    expect(decodeTaste(bytes)?.stamp).toBe(stamp);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeTaste(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(decodeTaste(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
    const otherForm = Buffer.from(bytes);
    otherForm.write('b', 0);
    expect(decodeTaste(otherForm)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        expect(decodeTaste(Buffer.from(junk))).toBeUndefined();
      }),
    );
  });

  it('comes back whole and in its order', () => {
    fc.assert(
      fc.property(signalsArbitrary, (signals) => {
        const state = learned(signals);
        const back = decodeTaste(encodeTaste(state).bytes)?.state ?? emptyState();
        for (const name of ['less', 'counted', 'seen'] as const) expect([...back[name]]).toEqual([...state[name]]);
        for (const name of ['authors', 'tags'] as const)
          expect([...back[name].keys()]).toEqual([...state[name].keys()]);
        const lesses = (of: typeof state) =>
          [...of.authors.values()].map(({ lessAtMs, mutedUntilMs }) => [lessAtMs, mutedUntilMs]);
        expect(lesses(back)).toEqual(lesses(state));
      }),
    );
  });

  it('has another stamp every time', () => {
    const state = learned([say('requestLess', 1)]);
    expect(encodeTaste(state).stamp).not.toBe(encodeTaste(state).stamp);
  });
});
