import { describe, expect, test } from 'vitest';
import type { LensQuestion } from '#pkg/contracts/lens.ts';
import { LensReference, type ReferenceAnswer } from './answer.ts';
import { Story } from './story.ts';
import { told } from './told.ts';

const nowMs = Date.UTC(2026, 2, 10, 12);
const hourMs = 3_600_000;
const at = (hoursAgo: number) => ({ atMs: nowMs - hoursAgo * hourMs });
const [ann, bob, cat, dan] = ['ann', 'bob', 'cat', 'dan'].map((name) => `did:plc:${name}`) as [
  string,
  string,
  string,
  string,
];

const ask = (story: Story, question: Partial<LensQuestion> = {}): ReferenceAnswer =>
  new LensReference(told(story.frames()), { nowMs, dataSinceMs: 0, actorIdOf: () => 0n }).answer({
    did: ann,
    lens: 'clout',
    window: '48h',
    audience: 'following',
    ...question,
  });

const partsOf = ({ score }: ReferenceAnswer) =>
  Object.fromEntries((score?.parts ?? []).map(({ name, value }) => [name, value]));

const cloutOf = (story: Story): number | undefined => {
  const { board } = ask(story);
  return board?.lens === 'clout' ? board.total : undefined;
};

/** Ann follows Bob, who has posted once. */
const network = (): { story: Story; post: string } => {
  const story = new Story();
  story.follow(ann, bob, at(800));
  return { story, post: story.post(bob, at(10)) };
};

describe('what counts as a reaction', () => {
  test('one account likes and reposts once, and replies as often as it does', () => {
    const { story, post } = network();
    for (const hours of [9, 8]) {
      story.like(cat, post, at(hours));
      story.repost(cat, post, at(hours));
      story.post(cat, at(hours), { replyTo: post, quote: post });
    }
    expect(cloutOf(story)).toBe(4);
  });

  test('an unlike takes one of two likes away, and then none is left', () => {
    const { story, post } = network();
    const likes = [9, 8].map((hours) => story.like(cat, post, at(hours)));
    story.remove(likes[0] as string, nowMs - hourMs);
    expect(cloutOf(story)).toBe(1);
    story.remove(likes[1] as string, nowMs - hourMs);
    expect(cloutOf(story)).toBe(0);
  });

  test('a block of either direction between the two, until it is taken back', () => {
    for (const [one, other] of [
      [cat, bob],
      [bob, cat],
    ] as const) {
      const { story, post } = network();
      story.like(cat, post, at(9));
      const block = story.block(one, other, at(5));
      expect(cloutOf(story)).toBe(0);
      story.remove(block, nowMs - hourMs);
      expect(cloutOf(story)).toBe(1);
    }
  });

  test('an account that left, until it is back', () => {
    const { story, post } = network();
    story.like(cat, post, at(9));
    story.account(cat, nowMs - 4 * hourMs, false);
    expect(cloutOf(story)).toBe(0);
    story.account(cat, nowMs - 3 * hourMs, true);
    expect(cloutOf(story)).toBe(1);
    story.account(bob, nowMs - 2 * hourMs, false);
    expect(ask(story).notices).toEqual(['no_follows', 'no_posts_in_window']);
  });

  test('of a deleted post nothing is left; a post comes back under the same key', () => {
    const { story, post } = network();
    story.like(cat, post, at(9));
    story.remove(post, nowMs - 5 * hourMs);
    expect(ask(story)).toMatchObject({ board: null, notices: ['no_posts_in_window', 'nothing_in_window'] });
    story.editPost(post, nowMs - 4 * hourMs, { text: 'again' });
    expect(ask(story).board).toMatchObject({ posts: [{ text: 'again', likes: 1 }] });
  });
});

describe('whose posts', () => {
  test('not those of an account apart from the subject, nor its own', () => {
    const { story, post } = network();
    story.like(cat, post, at(9));
    story.follow(ann, ann, at(9));
    story.like(cat, story.post(ann, at(9)), at(9));
    expect(cloutOf(story)).toBe(1);
    story.block(bob, ann, at(8));
    expect(ask(story)).toMatchObject({ board: null, notices: ['no_follows'] });
  });

  test('mutual: of those who follow back', () => {
    const { story } = network();
    expect(ask(story, { audience: 'mutual' }).notices).toContain('no_mutuals');
    const back = story.follow(bob, ann, at(2));
    expect(ask(story, { audience: 'mutual' }).board).not.toBeNull();
    story.remove(back, nowMs - hourMs);
    expect(ask(story, { audience: 'mutual' }).board).toBeNull();
  });
});

describe('the age of a post', () => {
  const countIn = (making: Parameters<Story['post']>[1], createdAt?: string): number => {
    const { story } = network();
    story.post(bob, making, { createdAt });
    const { board } = ask(story, { lens: 'flow', window: '24h' });
    return board?.lens === 'flow' ? board.buckets.reduce((sum, { posts }) => sum + posts, 0) - 1 : Number.NaN;
  };

  test('is the earliest of createdAt, its key and when it was seen', () => {
    expect(countIn(at(3), new Date(nowMs + hourMs).toISOString())).toBe(1);
    expect(countIn(at(3), '2010-01-01T00:00:00Z')).toBe(0);
    expect(countIn(at(3), 'yesterday')).toBe(1);
    expect(countIn({ ...at(3), keyMs: nowMs + 900 * hourMs })).toBe(1);
    expect(countIn({ ...at(3), keyMs: nowMs - 900 * hourMs })).toBe(0);
    expect(countIn({ ...at(3), rkey: 'odd' })).toBe(1);
    expect(countIn({ ...at(3), rkey: 'odd' }, new Date(nowMs - 25 * hourMs).toISOString())).toBe(0);
  });

  test('the first moment of a window belongs to it, its last does not', () => {
    const created = (ms: number): string => new Date(nowMs + ms).toISOString();
    expect(countIn(at(3), created(-24 * hourMs))).toBe(1);
    expect(countIn(at(3), created(-24 * hourMs - 1))).toBe(0);
    expect(countIn({ atMs: nowMs })).toBe(0);
    expect(countIn({ atMs: nowMs - 1 })).toBe(1);
  });
});

describe('scores', () => {
  test('leave out what the account did to itself', () => {
    const story = new Story();
    const post = story.post(ann, at(10));
    story.like(ann, post, at(9));
    story.repost(ann, post, at(9));
    story.post(ann, at(8), { replyTo: post, mentions: [ann] });
    for (const lens of ['flow', 'clout', 'kudos', 'pulse'] as const)
      expect(Object.entries(partsOf(ask(story, { lens }))).filter(([, value]) => value !== 0)).toEqual(
        { flow: [['consistency', 2 / 24]], clout: [], kudos: [], pulse: [['boost', 1]] }[lens],
      );
  });

  test('clout reaches each account once, whatever it did', () => {
    const story = new Story();
    const posts = [10, 9].map((hours) => story.post(ann, at(hours)));
    for (const post of posts) story.like(cat, post, at(8));
    story.repost(dan, posts[0] as string, at(8));
    story.post(bob, at(8), { quote: posts[0] as string });
    expect(partsOf(ask(story))).toEqual({ reach: 3, virality: 1 });
  });

  test('kudos: two answers to one post are no return, answers to two posts are', () => {
    const story = new Story();
    const [one, two] = [10, 9].map((hours) => story.post(ann, at(hours))) as [string, string];
    for (const post of [one, one]) story.post(bob, at(8), { replyTo: post });
    expect(partsOf(ask(story, { lens: 'kudos' }))['community']).toBe(1);
    for (const post of [one, two]) story.post(cat, at(8), { replyTo: post, mentions: [ann, ann] });
    expect(partsOf(ask(story, { lens: 'kudos' }))).toEqual({ community: 4, mentions: 1 });
    story.block(ann, cat, at(7));
    expect(partsOf(ask(story, { lens: 'kudos' }))).toEqual({ community: 1, mentions: 0 });
  });

  test('pulse: followers and what was gained, the window before seen at its own end', () => {
    const story = new Story();
    const [old, recent] = [60, 10].map((hours) => story.post(ann, at(hours))) as [string, string];
    for (const post of [old, recent]) for (const who of [bob, cat]) story.like(who, post, at(9));
    story.like(dan, old, at(50));
    for (const [who, hours] of [
      [bob, 60],
      [bob, 8],
      [cat, 7],
    ] as const)
      story.follow(who, ann, at(hours));
    // Now: 2 skypoints and 2 with a follow made in it; before: 1 skypoint and 1 follower.
    const { score } = ask(story, { lens: 'pulse' });
    expect(partsOf(ask(story, { lens: 'pulse' }))).toEqual({ flux: 2, impact: 2, boost: 5 / 3 });
    expect(score?.change_percent).toBe(100);
  });

  test('nobody else is active: everything is 0; nobody posted: there is none', () => {
    const story = new Story();
    story.post(ann, at(10));
    expect(ask(story).score).toMatchObject({ score: 0, percentile: 0, band: 'Quiet', reference: { accounts: 1 } });
    expect(ask(story, { did: bob })).toMatchObject({ score: null, notices: ['account_never_seen'] });
    story.identity(bob, nowMs - hourMs, 'bob.test');
    expect(ask(story, { did: bob })).toMatchObject({ score: null, notices: ['no_follows', 'no_posts_in_window'] });
  });
});

describe('what the index covers', () => {
  const story = network().story;
  const answer = (dataSinceMs: number | null, gapHoursAgo: [number, number] = [900, 800]) => {
    const [fromUs, toUs] = gapHoursAgo.map((hours) => (nowMs - hours * hourMs) * 1000) as [number, number];
    const options = { nowMs, dataSinceMs, actorIdOf: () => 0n, gaps: [{ fromUs, toUs }] };
    return new LensReference(told(story.frames()), options).answer({
      did: ann,
      lens: 'flow',
      window: '24h',
      audience: 'following',
    });
  };

  test('a window that began before it, and a gap within', () => {
    expect(answer(0)).toMatchObject({ complete: true, data_since: '1970-01-01T00:00:00.000Z' });
    expect(answer(nowMs - 24 * hourMs).complete).toBe(true);
    expect(answer(nowMs - 24 * hourMs + 1)).toMatchObject({ complete: false });
    expect(answer(nowMs - 24 * hourMs + 1).notices).toContain('window_before_index');
    expect(answer(null)).toMatchObject({ complete: false, data_since: null });
    expect(answer(0, [30, 23]).notices).toContain('gaps_in_window');
    expect(answer(0, [30, 24]).complete).toBe(true);
  });
});
