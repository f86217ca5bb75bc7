import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RankedPost } from '../feed.ts';
import type { Taste } from '../parts.ts';
import { reorder } from './reorder.ts';

const nothing: Taste = { less: new Set(), seen: new Set(), authors: new Map(), tags: new Map() };

const post = (tid: number, score: number, more: Partial<RankedPost> = {}): RankedPost => ({
  actorId: 1n,
  tid: BigInt(tid),
  uri: `at://did:plc:a/app.bsky.feed.post/${tid}`,
  score,
  langs: [],
  tags: [],
  ...more,
});

const tagNames = ['cats', 'dogs', 'news'];
const scoreArbitrary = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
  fc.constantFrom(0, -0, Infinity, -Infinity),
);
const postsArbitrary = fc
  .array(
    fc.record({
      score: scoreArbitrary,
      author: fc.integer({ min: 1, max: 4 }),
      tags: fc.subarray(tagNames),
      pinDice: fc.integer({ min: 0, max: 9 }),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map((drawn) =>
    drawn
      .map(({ score, author, tags, pinDice }, index) =>
        post(index + 1, score, {
          actorId: BigInt(author),
          tags,
          ...(pinDice === 0 ? { reason: { kind: 'pin' } as const } : {}),
        }),
      )
      .sort(
        (a, b) =>
          Number(b.reason?.kind === 'pin') - Number(a.reason?.kind === 'pin') ||
          (b.score > a.score ? 1 : b.score < a.score ? -1 : 0),
      ),
  );
const factorArbitrary = fc.oneof(fc.constant(0), fc.double({ noNaN: true, min: 0.01, max: 6 }));
const keyArbitrary = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }))
  .map(([author, tid]) => `${author}:${tid}`);
const tasteArbitrary: fc.Arbitrary<Taste> = fc.record({
  less: fc.array(keyArbitrary).map((keys) => new Set(keys)),
  seen: fc.array(keyArbitrary, { maxLength: 60 }).map((keys) => new Set(keys)),
  authors: fc.array(fc.tuple(fc.bigInt(1n, 4n), factorArbitrary)).map((pairs) => new Map(pairs)),
  tags: fc
    .array(fc.tuple(fc.constantFrom(...tagNames), fc.double({ noNaN: true, min: 0.05, max: 3 })))
    .map((pairs) => new Map(pairs)),
});

const keyOf = ({ actorId, tid }: RankedPost) => `${actorId}:${tid}`;
const isUnwanted = (one: RankedPost, taste: Taste) =>
  taste.less.has(keyOf(one)) || taste.authors.get(one.actorId) === 0;
const isPin = (one: RankedPost) => one.reason?.kind === 'pin';

describe('reorder', () => {
  it('shows every post once but those that are not wanted', () => {
    fc.assert(
      fc.property(postsArbitrary, tasteArbitrary, fc.constantFrom('score', 'time'), (posts, taste, order) => {
        const before = [...posts];
        const shown = reorder(posts, taste, order);
        expect(posts).toEqual(before);
        const wanted = posts.filter((one) => !isUnwanted(one, taste));
        expect(new Set(shown)).toEqual(new Set(wanted));
        expect(shown).toHaveLength(wanted.length);
        if (order === 'time') expect(shown).toEqual(wanted);
      }),
    );
  });

  it('puts pins first as they were, then the unseen, then the seen, each the better the higher its changed score', () => {
    fc.assert(
      fc.property(postsArbitrary, tasteArbitrary, (posts, taste) => {
        const shown = reorder(posts, taste, 'score');
        const pins = shown.filter(isPin);
        expect(shown.slice(0, pins.length)).toEqual(posts.filter((one) => isPin(one) && !isUnwanted(one, taste)));
        const value = (one: RankedPost) => {
          let factor = taste.authors.get(one.actorId) ?? 1;
          for (const tag of one.tags) factor *= taste.tags.get(tag) ?? 1;
          factor = Math.max(0.1, Math.min(5, factor));
          return one.score < 0 ? one.score / factor : one.score * factor;
        };
        const rest = shown.slice(pins.length);
        for (const [index, right] of rest.entries()) {
          const left = rest[index - 1];
          if (left === undefined) continue;
          const [leftSeen, rightSeen] = [taste.seen.has(keyOf(left)), taste.seen.has(keyOf(right))];
          expect(leftSeen && !rightSeen).toBe(false);
          if (leftSeen !== rightSeen) continue;
          expect(value(left)).toBeGreaterThanOrEqual(value(right));
          if (value(left) === value(right)) expect(posts.indexOf(left)).toBeLessThan(posts.indexOf(right));
        }
      }),
    );
  });

  it('never moves an author down whose factor is raised, nor up whose factor is lowered', () => {
    fc.assert(
      fc.property(postsArbitrary, tasteArbitrary, fc.double({ noNaN: true, min: 1, max: 4 }), (posts, given, raise) => {
        const taste = { ...given, authors: new Map([...given.authors].filter(([, factor]) => factor > 0)) };
        const raised = { ...taste, authors: new Map(taste.authors).set(1n, (taste.authors.get(1n) ?? 1) * raise) };
        const [before, after] = [reorder(posts, taste, 'score'), reorder(posts, raised, 'score')];
        // Against every post of somebody else: those by the author may change places among themselves through the bounds.
        for (const own of before.filter((one) => one.actorId === 1n)) {
          for (const other of before.filter((one) => one.actorId !== 1n)) {
            const wasAbove = before.indexOf(own) < before.indexOf(other);
            if (wasAbove) expect(after.indexOf(own)).toBeLessThan(after.indexOf(other));
          }
        }
      }),
    );
  });

  it('gives the same list back where there is nothing to do', () => {
    const posts = [post(3, 9), post(2, 9), post(1, 0)];
    expect(reorder(posts, nothing, 'score')).toBe(posts);
    expect(reorder(posts, { ...nothing, authors: new Map([[2n, 0.5]]) }, 'score')).toBe(posts);
    expect(reorder(posts, { ...nothing, seen: new Set(['1:3']) }, 'time')).toBe(posts);
  });

  it('pulls up what more was asked of, and pushes what was seen below everything unseen', () => {
    const posts = [
      post(1, 10),
      post(2, 9, { tags: ['cats'] }),
      post(3, 1, { actorId: 2n }),
      post(4, -1, { actorId: 2n }),
    ];
    const tids = (taste: Partial<Taste>) =>
      reorder(posts, { ...nothing, ...taste }, 'score').map(({ tid }) => Number(tid));
    expect(tids({ tags: new Map([['cats', 1.3]]) })).toEqual([2, 1, 3, 4]);
    expect(tids({ seen: new Set(['1:1', '1:2']) })).toEqual([3, 4, 1, 2]);
    expect(tids({ authors: new Map([[2n, 0.2]]) })).toEqual([1, 2, 3, 4]);
    expect(tids({ less: new Set(['1:2']), authors: new Map([[2n, 0]]) })).toEqual([1]);
    expect(tids({ tags: new Map([['cats', 3]]), authors: new Map([[1n, 4]]) })).toEqual([2, 1, 3, 4]);
  });

  it('takes a score that is no number for the worst', () => {
    const posts = [post(1, Number.NaN), post(2, -5), post(3, 5)];
    expect(reorder(posts, { ...nothing, authors: new Map([[1n, 2]]) }, 'score').map(({ tid }) => tid)).toEqual([
      3n,
      2n,
      1n,
    ]);
  });
});
