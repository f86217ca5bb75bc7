import { describe, expect, test } from 'vitest';
import { type Shown, readToEnd, urisOf } from './feeds-reader.ts';
import type { FeedsWorld, WorldPost } from './feeds-world.ts';
import { type OnStage, soon } from './feeds-stage.ts';
import { allRkeys } from './feeds-publish.suite.ts';

/** Odd, and one larger than what some feeds hold. */
const LIMITS = [3, 1, 7, 2, 50];
/** These are ranked once a minute, and the first time before anything had happened. */
const slow = new Set(['top-1h', 'top-24h']);

const uris = (posts: readonly WorldPost[]): string[] => posts.map(({ uri }) => uri);

/** By likes; of equal ones the newer first, as `roots` has them. */
const byLikes = (world: FeedsWorld, least: number): string[] =>
  uris(
    world
      .roots()
      .filter(({ likes }) => likes.size >= least)
      .toSorted((a, b) => b.likes.size - a.likes.size),
  );

const by = (world: FeedsWorld, ...names: string[]): string[] =>
  uris(world.roots().filter(({ author }) => names.includes(author)));

const followed = ['anna', 'bruno', 'clara', 'david'];

/** What the feed shows in this world, told apart from any SQL. `sorted`: the set is known, the order is not. */
interface Expected {
  readonly uris: (world: FeedsWorld) => readonly string[];
  readonly sorted?: true;
}

const liked: Expected = { uris: (world) => byLikes(world, 2) };
/** Age counts beside likes here: not enough to move posts of one minute with so different likes. */
const hot = liked;

const reactors = ({ likes, reposts, repliers, author }: WorldPost): number =>
  new Set([...likes, ...reposts.keys(), ...repliers].filter((name) => name !== author)).size;

/** What people whom Vera follows did something to. */
const isTouchedByFollowed = ({ author, likes, reposts, repliers }: WorldPost): boolean =>
  author !== 'vera' &&
  [...likes, ...reposts.keys(), ...repliers].some((name) => followed.includes(name) && name !== author);

/** The post of each whom Vera follows to which most was done; the newer of two. */
const bestOfEach = (world: FeedsWorld): string[] => {
  const strength = ({ likes, reposts, repliers }: WorldPost): number => likes.size + reposts.size + repliers.size;
  const best = followed.flatMap((name) => {
    const own = world.roots().filter(({ author }) => author === name);
    return own.toSorted((a, b) => strength(b) - strength(a)).slice(0, 1);
  });
  return uris(best.filter((post) => strength(post) > 0));
};

const forVera: Readonly<Record<string, Expected>> = {
  'whats-hot': hot,
  'top-1h': liked,
  'top-24h': liked,
  pulse: { uris: (world) => uris(world.roots().filter((post) => reactors(post) >= 2)), sorted: true },
  flow: { uris: (world) => uris(world.roots().filter(isTouchedByFollowed)), sorted: true },
  clout: { uris: bestOfEach, sorted: true },
  // Who liked what Vera wrote; of each five posts.
  kudos: {
    uris: (world) => ['anna', 'erika'].flatMap((name) => by(world, name).slice(0, 5)),
    sorted: true,
  },
  mutuals: { uris: (world) => by(world, 'anna', 'bruno') },
  // Anna posts too much for that.
  quiet: { uris: (world) => by(world, 'bruno', 'clara', 'david'), sorted: true },
  'all-posts': { uris: (world) => byLikes(world, 0) },
  club: { uris: () => [] },
  pinboard: {
    uris: (world) => [world.postOf('anna', 0).uri, world.postOf('frank', 1).uri, world.postOf('clara', 3).uri],
  },
  tea: { uris: (world) => uris(world.roots().filter(({ text }) => /\btea\b/i.test(text))) },
  deutsch: { uris: (world) => by(world, 'clara') },
  liked: { uris: (world) => byLikes(world, 3) },
};

/** What of these is made for its viewer is replaced by what is hot. */
const personal = new Set(['flow', 'clout', 'kudos', 'mutuals', 'quiet']);

/** Every feed for Vera, and for somebody who is not signed in; the slow ones last, so that nothing waits but they. */
const cases = Object.entries(forVera)
  .flatMap(([rkey, expected]) => [
    { rkey, name: 'vera', expected },
    { rkey, name: undefined, expected: personal.has(rkey) ? hot : expected },
  ])
  .toSorted((a, b) => Number(slow.has(a.rkey)) - Number(slow.has(b.rkey)));

/** Each feed is read by somebody and by nobody, through the AppView and at its source. */
export const arriving = (stage: OnStage): void => {
  describe('every feed arrives through the AppView', () => {
    test('there is none that is not looked at here', () => {
      expect(Object.keys(forVera).toSorted()).toEqual(allRkeys);
    });

    test('with who reposted it, what is pinned, and what the statement says of it', async () => {
      const { world } = stage();
      const read = (rkey: string): Promise<Shown[]> => readToEnd(stage().appView(rkey, 'vera'), LIMITS);
      const reposted = world.postOf('erika', 1);
      const flow = await read('flow');
      // Frank, who reposted as well, is nobody Vera follows.
      expect(flow.filter(({ repost }) => repost !== undefined)).toMatchObject([
        { uri: reposted.uri, repost: reposted.reposts.get('bruno') },
      ]);
      expect((await read('pinboard')).every(({ isPinned }) => isPinned)).toBe(true);
      for (const { uri, context } of await read('all-posts')) {
        const post = world.roots().find((each) => each.uri === uri);
        expect(context).toBe(`likes: ${post?.likes.size}`);
      }
    });

    test('what somebody else is shown is their own', async () => {
      // He posts nothing, so there is nobody to thank.
      expect(await readToEnd(stage().appView('kudos', 'walter'), LIMITS)).toEqual([]);
      await expect
        .poll(async () => urisOf(await readToEnd(stage().appView('mutuals', 'anna'), LIMITS)), soon)
        .toEqual(by(stage().world, 'vera'));
    });

    test.each(cases)('$rkey, for $name', async ({ rkey, name, expected: { uris: wanted, sorted } }) => {
      const expected = wanted(stage().world);
      if (rkey !== 'club') expect(expected.length).toBeGreaterThan(0);
      const inOrder = (all: readonly string[]): readonly string[] => (sorted === true ? all.toSorted() : all);
      const source = stage().skeleton(rkey, name);
      const patience = slow.has(rkey) ? { ...soon, timeout: 70_000 } : soon;
      await expect
        .poll(async () => inOrder(urisOf(await readToEnd(source, [100]))), patience)
        .toEqual(inOrder(expected));

      const told = await readToEnd(source, [100]);
      const shown = await readToEnd(stage().appView(rkey, name), LIMITS);
      expect(shown).toEqual(told);
      expect(new Set(urisOf(shown)).size).toBe(shown.length);
    });
  });
};
