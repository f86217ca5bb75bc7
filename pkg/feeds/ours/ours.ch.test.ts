import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FeedAsker, feedIn, withSettings } from '#testing/feeds/ask.ts';
import {
  type Asked,
  clout,
  type ExpectedPost,
  flow,
  kudos,
  mutuals,
  pulse,
  quiet,
  trending,
} from '#testing/feeds/model.ts';
import { factsOf } from '#testing/lenses/facts.ts';
import { Indexed } from '#testing/lenses/indexed.ts';
import { told } from '#testing/lenses/told.ts';
import { manyWorlds } from '#testing/lenses/worlds.ts';

type Settings = Readonly<Record<string, number>>;

/** Three weeks: in so small a world little happens in the hours that the feeds look at in use. */
const wide = { window_minutes: 30_000, max_age_hours: 500 };

interface Case {
  readonly rkey: string;
  readonly model: (asked: Asked, settings: never) => ExpectedPost[];
  readonly settings: Settings;
  /** So many posts are to be compared: a comparison of nothing with nothing shows nothing. */
  readonly least: number;
}

/** Each of ours with its model, with its own settings and with others. */
const cases: readonly Case[] = [
  { rkey: 'whats-hot', model: trending, settings: wide, least: 5 },
  { rkey: 'whats-hot', model: trending, settings: { ...wide, min_likes: 4, fill: 1 }, least: 5 },
  { rkey: 'top-1h', model: trending, settings: { window_minutes: 9_000, max_age_hours: 150 }, least: 2 },
  {
    rkey: 'top-24h',
    model: trending,
    settings: { window_minutes: 30_000, max_age_hours: 300, min_likes: 3 },
    least: 5,
  },
  { rkey: 'pulse', model: pulse, settings: { window_minutes: 1_500, min_recent: 1 }, least: 10 },
  { rkey: 'flow', model: flow, settings: {}, least: 10 },
  { rkey: 'flow', model: flow, settings: { window_hours: 240, half_life_hours: 9 }, least: 60 },
  { rkey: 'clout', model: clout, settings: {}, least: 5 },
  { rkey: 'clout', model: clout, settings: { window_hours: 100 }, least: 20 },
  { rkey: 'kudos', model: kudos, settings: {}, least: 40 },
  { rkey: 'kudos', model: kudos, settings: { per_author: 1, reactions_days: 2 }, least: 10 },
  { rkey: 'mutuals', model: mutuals, settings: {}, least: 30 },
  { rkey: 'quiet', model: quiet, settings: {}, least: 20 },
  { rkey: 'quiet', model: quiet, settings: { max_posts: 3 }, least: 5 },
];

const folder = (rkey: string): string => fileURLToPath(new URL(rkey, import.meta.url));

let indexed: Indexed;

beforeAll(async () => {
  indexed = await Indexed.open();
});
afterAll(() => indexed.close());

describe('small random worlds', () => {
  const worlds = manyWorlds(6, 3);
  const frames = worlds.flatMap((world) => world.frames);
  const facts = factsOf(told(frames));
  let asker: FeedAsker;

  /** Everything that differs, and how many posts were compared. */
  const compare = async ({ rkey, model, settings }: Case, viewers: number) => {
    const feed = withSettings(await feedIn(folder(rkey)), settings);
    const found = { differences: [] as string[], posts: 0 };
    for (const { nowMs, dids } of worlds)
      for (const viewer of feed.personal ? dids.slice(0, viewers) : dids.slice(0, 1)) {
        const asked: Asked = { facts, nowMs, viewer, keyOf: asker.keyOf };
        const expected = model(asked, feed.settings as never);
        found.posts += expected.length;
        const wrong = asker.differences(expected, await asker.rows(feed, asked));
        found.differences.push(...wrong.map((one) => `${viewer} ${one}`));
      }
    return found;
  };

  describe.each([
    { order: 'as they happened', arrange: () => frames, viewers: 4 },
    { order: 'a second time', arrange: () => frames, viewers: 1 },
    { order: 'in any order', arrange: () => shuffled(frames), viewers: 1 },
  ])('taken $order', ({ order, arrange, viewers }) => {
    beforeAll(async () => {
      if (order === 'in any order') await indexed.empty();
      await indexed.take(arrange());
      asker = await FeedAsker.open(indexed.store, facts);
    }, 120_000);
    afterAll(() => (order === 'in any order' ? indexed.empty() : undefined));

    test.each(cases)('$rkey $settings', { timeout: 120_000 }, async (one) => {
      const { differences, posts } = await compare(one, viewers);
      expect(differences).toEqual([]);
      if (viewers > 1) expect(posts).toBeGreaterThan(one.least);
    });
  });

  describe('why.sql', () => {
    beforeAll(async () => {
      await indexed.empty();
      await indexed.take(frames);
      asker = await FeedAsker.open(indexed.store, facts);
    }, 120_000);

    const posts = (worldOf: (typeof worlds)[number]): string[] =>
      facts.posts.filter(({ author }) => worldOf.dids.includes(author) && facts.isActive(author)).map(({ uri }) => uri);

    test.each(cases)('$rkey $settings: a post that is there meets all', { timeout: 120_000 }, async (one) => {
      const feed = withSettings(await feedIn(folder(one.rkey)), one.settings);
      let left = 12;
      for (const { nowMs, dids } of worlds) {
        const asked: Asked = { facts, nowMs, viewer: dids[0] ?? '', keyOf: asker.keyOf };
        for (const { uri } of one.model(asked, feed.settings as never).slice(0, Math.min(4, left))) {
          expect({ uri, unmet: await asker.unmet(feed, asked, uri) }).toEqual({ uri, unmet: [] });
          left -= 1;
        }
      }
      expect(left).toBeLessThan(12);
    });

    // The others also choose among the posts that meet all: the best of an author, or of a post and its quotes.
    test.each(['whats-hot', 'pulse', 'mutuals', 'quiet'])(
      '%s: a post that is not there misses one',
      { timeout: 120_000 },
      async (rkey) => {
        const [one] = cases.filter((known) => known.rkey === rkey);
        const feed = withSettings(await feedIn(folder(rkey)), one?.settings ?? {});
        for (const worldOf of worlds.slice(0, 2)) {
          const asked: Asked = { facts, nowMs: worldOf.nowMs, viewer: worldOf.dids[0] ?? '', keyOf: asker.keyOf };
          const there = new Set(one?.model(asked, feed.settings as never).map(({ uri }) => uri));
          const others = posts(worldOf).filter((uri) => !there.has(uri));
          expect(others.length).toBeGreaterThan(10);
          for (const uri of others.slice(0, 30))
            expect({ uri, misses: (await asker.unmet(feed, asked, uri)).length > 0 }).toEqual({ uri, misses: true });
        }
      },
    );
  });
});

const shuffled = (frames: readonly string[]): string[] =>
  frames
    .map((frame, at) => ({ frame, place: (at * 7_919) % frames.length }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ frame }) => frame);
