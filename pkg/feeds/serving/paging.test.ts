import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { RankedPost } from '../feed.ts';
import { SKELETON_METHOD } from './skeleton.ts';
import { SERVICE_DID, type World, askPage, createWorld, feedOf, postOf, tasteOf, urisOf } from './world-for-tests.ts';

let network: FakeNetwork;
let account: FakeAccount;
let token: string;

beforeAll(async () => {
  network = await startFakeNetwork();
  account = await network.addAccount({ handle: 'alice.test' });
  token = await account.token({ aud: SERVICE_DID, lxm: SKELETON_METHOD, exp: Math.floor(Date.now() / 1000) + 240 });
});

afterAll(() => network.close());

const newWorld = () => {
  const directory = createDirectory({
    clock: systemClock,
    plcUrl: network.plcUrl,
    fetch: network.fetch,
    allowPrivate: true,
  });
  const feeds = [feedOf('hot', { languages: 'viewer' }), feedOf('mine', { personal: true, languages: 'viewer' })];
  return createWorld(feeds, directory);
};

const LANGS = [[], ['en'], ['pt'], ['en', 'pt'], ['ja']];
const MOST_POSTS = 150;
const number = fc.nat(MOST_POSTS - 1);

/** What happens before a page: who is hidden from now on, by number, and a new ranking. */
const between = fc.record({
  limit: fc.option(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100 })), { nil: undefined }),
  hidden: fc.array(number, { maxLength: 60 }),
  refresh: fc.option(fc.uniqueArray(number), { nil: undefined }),
});

const scenario = fc.record({
  posts: fc.uniqueArray(fc.record({ n: number, langs: fc.constantFrom(...LANGS) }), {
    maxLength: MOST_POSTS,
    selector: ({ n }) => n,
  }),
  kind: fc.constantFrom('anonymous', 'signed in', 'personal'),
  languages: fc.constantFrom(undefined, '*', 'en', 'pt-BR,en;q=0.5'),
  seen: fc.option(fc.array(number), { nil: undefined }),
  less: fc.array(number, { maxLength: 20 }),
  disliked: fc.array(number, { maxLength: 20 }),
  steps: fc.array(between, { minLength: 1, maxLength: 12 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

const idsOf = (numbers: readonly number[]) => new Set(numbers.map((n) => `${BigInt(n + 1)}:${BigInt(n + 1)}`));

/** The posts, in their order, that this viewer would be shown if nothing was ever hidden. */
function expected({ posts, kind, languages, seen, less, disliked }: Scenario): string[] {
  const wanted = languages === undefined || languages === '*' ? [] : languages.startsWith('pt') ? ['pt', 'en'] : ['en'];
  const readable = posts.filter(
    ({ langs }) => wanted.length === 0 || langs.length === 0 || langs.some((lang) => wanted.includes(lang)),
  );
  const hasTaste = kind !== 'anonymous' && seen !== undefined;
  const liked = hasTaste ? readable.filter(({ n }) => !less.includes(n) && !disliked.includes(n)) : readable;
  const isSeen = ({ n }: { n: number }) => hasTaste && seen.includes(n);
  return [...liked.filter((post) => !isSeen(post)), ...liked.filter(isSeen)].map(({ n }) => postOf(n).uri);
}

function prepare(world: World, { posts, kind, seen, less, disliked }: Scenario): string {
  const rkey = kind === 'personal' ? 'mine' : 'hot';
  const ranked: RankedPost[] = posts.map(({ n, langs }) => postOf(n, { langs }));
  if (kind === 'personal') world.pin(rkey, account.did, ranked);
  else world.rank(rkey, ranked);
  if (seen !== undefined) {
    const authors = new Map(disliked.map((n) => [BigInt(n + 1), 0]));
    world.tastes.set(account.did, tasteOf({ seen: idsOf(seen), less: idsOf(less), authors }));
  }
  return rkey;
}

it('pages of any feed, while rankings change and posts go and come: no duplicate, no hole, never too many, an end', async () => {
  const run = async (given: Scenario) => {
    const world = newWorld();
    const rkey = prepare(world, given);
    const shown: string[] = [];
    const everHidden = new Set<string>();
    let cursor: string | undefined;
    for (let page = 0; ; page += 1) {
      expect(page).toBeLessThanOrEqual(given.posts.length + 1);
      const step = given.steps[page % given.steps.length];
      const hidden = (step?.hidden ?? []).map((n) => postOf(n).uri);
      world.hide(hidden);
      for (const uri of hidden) everHidden.add(uri);
      if (page > 0 && step?.refresh !== undefined) {
        const posts = step.refresh.map((n) => postOf(n));
        world.rank('hot', posts);
        world.pin('mine', account.did, posts);
      }
      const answer = await askPage(world.app, rkey, {
        cursor,
        limit: step?.limit,
        languages: given.languages,
        token: given.kind === 'anonymous' ? undefined : token,
      });
      expect(answer.status).toBe(200);
      const uris = urisOf(answer);
      expect(uris.length).toBeLessThanOrEqual(step?.limit ?? 20);
      expect(uris.filter((uri) => hidden.includes(uri))).toEqual([]);
      shown.push(...uris);
      if (answer.body.cursor === undefined) break;
      expect(uris).not.toEqual([]);
      expect(answer.body.cursor).not.toBe(cursor);
      cursor = answer.body.cursor;
    }
    const all = expected(given);
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown).toEqual(all.filter((uri) => shown.includes(uri)));
    expect(all.filter((uri) => !shown.includes(uri) && !everHidden.has(uri))).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(scenario, run), { numRuns: 150 });
});

it('where the own order cannot be kept, the order of all is paged instead', async () => {
  const world = newWorld();
  world.rank(
    'hot',
    Array.from({ length: 30 }, (_, n) => postOf(n)),
  );
  world.tastes.set(account.did, tasteOf({ seen: idsOf([0, 1, 2]), less: idsOf([5]) }));
  const inOrder = await askPage(world.app, 'hot', { token, limit: 5 });
  expect(urisOf(inOrder)).toEqual([3, 4, 6, 7, 8].map((n) => postOf(n).uri));
  world.away.add('keep');
  world.rank(
    'hot',
    Array.from({ length: 30 }, (_, n) => postOf(n)),
  );
  const first = await askPage(world.app, 'hot', { token, limit: 5 });
  expect(urisOf(first)).toEqual([0, 1, 2, 3, 4].map((n) => postOf(n).uri));
  const second = await askPage(world.app, 'hot', { token, limit: 5, cursor: first.body.cursor });
  expect(urisOf(second)).toEqual([6, 7, 8, 9, 10].map((n) => postOf(n).uri));
});

it('one who asks twice at once has one list of their own, and another as soon as they say more', async () => {
  const world = newWorld();
  world.rank(
    'hot',
    Array.from({ length: 30 }, (_, n) => postOf(n)),
  );
  const lists = world.kept.size;
  for (let n = 0; n < 3; n += 1) {
    world.tastes.set(account.did, tasteOf({ seen: idsOf([0, 1, 2]) }));
    await askPage(world.app, 'hot', { token, limit: 5 });
  }
  expect(world.kept.size).toBe(lists + 1);
  world.tastes.set(account.did, tasteOf({ seen: idsOf([0, 1, 2, 3]) }));
  expect(urisOf(await askPage(world.app, 'hot', { token, limit: 1 }))).toEqual([postOf(4).uri]);
  expect(world.kept.size).toBe(lists + 2);
  // One that has no second page is never asked for again.
  world.tastes.set(account.did, tasteOf({ seen: idsOf([4]) }));
  expect(urisOf(await askPage(world.app, 'hot', { token, limit: 100 })).at(-1)).toBe(postOf(4).uri);
  expect(world.kept.size).toBe(lists + 2);
});

it('what the viewer asks to see less of is gone from the next page too', async () => {
  const world = newWorld();
  world.rank(
    'hot',
    Array.from({ length: 30 }, (_, n) => postOf(n)),
  );
  const first = await askPage(world.app, 'hot', { token, limit: 5 });
  world.tastes.set(account.did, tasteOf({ less: idsOf([5]), authors: new Map([[7n, 0]]) }));
  const second = await askPage(world.app, 'hot', { token, limit: 3, cursor: first.body.cursor });
  expect(urisOf(second)).toEqual([7, 8, 9].map((n) => postOf(n).uri));
});
