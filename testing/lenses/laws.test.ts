import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AUDIENCES, BANDS, LENSES, type LensQuestion, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { LensReference, type ReferenceAnswer } from './answer.ts';
import { Story } from './story.ts';
import { told } from './told.ts';
import { type SmallWorld, smallWorlds, tellWorld } from './worlds.ts';

const nowMs = Date.UTC(2026, 2, 10, 12);
const hourMs = 3_600_000;
const question = fc.record({
  lens: fc.constantFrom(...LENSES),
  window: fc.constantFrom(...TIME_WINDOWS),
  audience: fc.constantFrom(...AUDIENCES),
});
const tell = (world: SmallWorld) => tellWorld(world, nowMs, 'w');
const referenceTo = (frames: readonly string[]): LensReference =>
  new LensReference(told(frames), { nowMs, dataSinceMs: 0, actorIdOf: () => 0n });
const runs = { numRuns: 60 };

test('replay and reorder change no answer', () => {
  fc.assert(
    fc.property(smallWorlds(20, 90), question, fc.infiniteStream(fc.nat()), (world, asked, random) => {
      const { frames, dids } = tell(world);
      const shuffled = [...frames, ...frames.slice(0, 20)]
        .map((frame) => ({ frame, place: random.next().value as number }))
        .toSorted((one, other) => one.place - other.place)
        .map(({ frame }) => frame);
      const [straight, twisted] = [referenceTo(frames), referenceTo(shuffled)];
      for (const did of dids) expect(twisted.answer({ did, ...asked })).toEqual(straight.answer({ did, ...asked }));
    }),
    runs,
  );
});

/** Skypoints by what a board shows them for. */
const shown = ({ board }: ReferenceAnswer): Map<string, number> => {
  if (board === null) return new Map();
  if (board.lens === 'flow') return new Map(board.buckets.map(({ at, skypoints }) => [at, skypoints]));
  if (board.lens === 'clout') return new Map(board.posts.map(({ uri, skypoints }) => [uri, skypoints]));
  return new Map(board.accounts.map(({ did, skypoints }) => [did, skypoints]));
};

test('every answer is bounded, sorted, and in itself consistent', () => {
  fc.assert(
    fc.property(smallWorlds(30, 120), question, (world, asked) => {
      const { frames, dids } = tell(world);
      const reference = referenceTo(frames);
      for (const did of dids) {
        const { score, board, share } = reference.answer({ did, ...asked });
        if (score !== null) {
          expect(score.score).toBeGreaterThanOrEqual(0);
          expect(score.score).toBeLessThanOrEqual(10);
          expect(Math.abs(score.change ?? 0)).toBeLessThanOrEqual(10);
          expect(score.parts.reduce((sum, { weight }) => sum + 100 * weight, 0)).toBeCloseTo(100);
          for (const { value, percentile } of [...score.parts, { value: 0, percentile: score.percentile }]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(percentile).toBeGreaterThanOrEqual(0);
            // Nobody is below himself.
            expect(percentile).toBeLessThan(100);
          }
          expect(BANDS.find(({ from }) => from <= score.score)?.name).toBe(score.band);
        }
        expect(share === null).toBe(asked.lens !== 'pulse' || score === null);
        if (board?.lens === 'clout') {
          expect(new Set(board.posts.map(({ did: author }) => author)).size).toBe(board.posts.length);
          const points = board.posts.map(({ skypoints }) => skypoints);
          expect(points).toEqual(points.toSorted((one, other) => other - one));
          expect(board.total).toBe(points.reduce((sum, skypoints) => sum + skypoints, 0));
        }
      }
    }),
    runs,
  );
});

/** The parts of a score that one more reaction to a post of the window is for. */
const measuredBy = ['peak', 'reach', 'virality', 'community', 'impact', 'boost'];

test('one more like, repost, reply or quote lowers nothing that measures it', () => {
  fc.assert(
    fc.property(
      smallWorlds(40, 120),
      question,
      fc.constantFrom('like', 'repost', 'reply', 'quote'),
      fc.tuple(fc.nat(), fc.nat()),
      (world, asked, kind, [whose, which]) => {
        const { frames, dids } = tell(world);
        const span = referenceTo(frames).answer({ did: '', ...asked });
        const posts = [...told(frames).records()].filter(
          ({ content, seenUs }) =>
            content.kind === 'post' && seenUs >= Date.parse(span.from) * 1000 && seenUs < Date.parse(span.to) * 1000,
        );
        const post = posts[which % Math.max(1, posts.length)];
        if (post === undefined) return;
        const more = new Story();
        const actor = dids[whose % (dids.length - 1)] as string;
        const making = { atMs: nowMs - 7 };
        if (kind === 'like') more.like(actor, post.uri, making);
        if (kind === 'repost') more.repost(actor, post.uri, making);
        if (kind === 'reply') more.post(actor, making, { replyTo: post.uri, createdAt: '2010-01-01T00:00:00Z' });
        if (kind === 'quote') more.post(actor, making, { quote: post.uri, createdAt: '2010-01-01T00:00:00Z' });
        const [before, after] = [referenceTo(frames), referenceTo([...frames, ...more.frames()])];
        const own: LensQuestion = { did: post.did, ...asked };
        const [was, is] = [before.answer(own).score, after.answer(own).score];
        if (was !== null && is !== null) {
          for (const [index, part] of was.parts.entries())
            if (measuredBy.includes(part.name)) expect(is.parts[index]?.value).toBeGreaterThanOrEqual(part.value);
          // The post that replies is of 2010: it changes what nobody else measures.
          expect(is.score).toBeGreaterThanOrEqual(was.score);
          expect(is.percentile).toBeGreaterThanOrEqual(was.percentile);
        }
        for (const did of dids) {
          const [old, young] = [shown(before.answer({ did, ...asked })), shown(after.answer({ did, ...asked }))];
          // Who falls out of a top ten does so because others rose, so only what is still shown is compared.
          for (const [name, skypoints] of old) {
            const now = young.get(name);
            if (now !== undefined) expect(now).toBeGreaterThanOrEqual(skypoints);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('equal skypoints: newer first, then by name', () => {
  const story = new Story();
  const dids = ['aa', 'bb', 'cc', 'dd'].map((name) => `did:plc:${name}`);
  const subject = 'did:plc:ss';
  for (const did of dids) story.follow(subject, did, { atMs: nowMs - 900 * hourMs });
  const posts = [3, 2, 2, 2].map((hours, index) =>
    story.post(dids[index] as string, { atMs: nowMs - hours * hourMs, keyMs: nowMs }),
  );
  for (const post of posts.toReversed()) story.like(subject, post, { atMs: nowMs - hourMs });
  const reference = referenceTo(story.frames());
  const order = (lens: 'clout' | 'kudos' | 'pulse'): string[] => {
    const { board } = reference.answer({ did: subject, lens, window: '24h', audience: 'following' });
    if (board === null || board.lens === 'flow') return [];
    return (board.lens === 'clout' ? board.posts : board.accounts).map(({ did }) => did.slice(-2));
  };
  for (const lens of ['clout', 'kudos', 'pulse'] as const) expect(order(lens)).toEqual(['bb', 'cc', 'dd', 'aa']);
});
