import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RankedPost } from '#pkg/feeds/feed.ts';
import type { FakeAccount } from '#pkg/identity/fake-network.ts';
import { createRandom, type Random } from '#testing/simulator/random.ts';
import { FullStack, type Running, soon } from './full-stack.ts';
import { LivingNetwork } from './living-network.ts';

/** Others each time; a run is repeated with the seed that a failure names: FEEDS_SEED=. */
const firstSeed = Number(process.env['FEEDS_SEED'] ?? Date.now() % 1_000_000);
const SEEDS = [firstSeed, firstSeed + 1, firstSeed + 2];

const AUTHORS = 30;

let stack: FullStack;
let generator: Running;
let network: LivingNetwork;
let viewers: FakeAccount[];

/** One feed of each template, and one of an operator's own for each viewer. */
async function dropFeeds(): Promise<void> {
  await stack.drop('words', { template: 'keyword', order: 'time', settings: { words: ['cats'] } });
  await stack.drop('portuguese', {
    template: 'language',
    order: 'time',
    settings: { langs: ['pt', 'ja'], mode: 'latest' },
  });
  await stack.drop('band', { template: 'members', order: 'time' });
  await stack.drop('warm', { template: 'trending', settings: { min_likes: 2 }, languages: 'viewer' });
  const posts = network.posts.slice(-60).map(({ uri }) => uri);
  await stack.drop('picked', { template: 'static', settings: { posts, pinned: true } });
  const mine = `SELECT actor_id, tid, toFloat64(max(at_ms)) AS score FROM author_posts
    WHERE actor_id IN {viewer_follows:Array(UInt64)} GROUP BY actor_id, tid HAVING argMax(deleted, version) = 0`;
  await stack.drop('mine', { publicForm: 'words', perAuthor: 9 }, mine);
}

beforeAll(async () => {
  stack = await FullStack.open();
  viewers = await stack.addAccounts(6);
  const others = Array.from(
    { length: AUTHORS - viewers.length },
    (_, n) => `did:plc:author${String(n).padStart(18, 'a')}`,
  );
  const dids = [...others, ...viewers.map(({ did }) => did)];
  network = new LivingNetwork(dids, createRandom(firstSeed), stack.clock.nowMs());
  network.begin({ posts: 500, reactions: 2_500, hours: 20 });
  await stack.index(network.frames());
  await dropFeeds();
  generator = await stack.start();
  await generator.feeds.parts.rules.write.addMembers('band', dids.slice(0, 20));
}, 60_000);
afterAll(() => stack.close());

/** A list that somebody pages. */
interface Paging {
  readonly rkey: string;
  readonly viewer: FakeAccount | undefined;
  readonly langs: string | undefined;
  /** The ranking it began with. */
  ranking: readonly RankedPost[];
  rankingId: string;
  cursor: string | undefined;
  readonly seen: string[];
  pages: number;
  hasEnded: boolean;
}

/** The posts that the viewers asked to see less of, at any time, by viewer. */
const unwanted = new Map<string, Set<string>>();

const authorOf = (uri: string): string => uri.split('/')[2] ?? '';

/** A post is not shown to one who asked to see less of it, nor an author to one who did so three times. */
const isUnwanted = (uri: string, viewer: FakeAccount | undefined): boolean => {
  const posts = unwanted.get(viewer?.did ?? '') ?? new Set();
  return posts.has(uri) || [...posts].filter((other) => authorOf(other) === authorOf(uri)).length >= 3;
};

/** How a page breaks what a client relies on, in words. */
function wrongAbout(paging: Paging, page: Awaited<ReturnType<Running['page']>>, limit: number): string[] {
  const { seen, cursor, pages, rankingId } = paging;
  const known = new Set(seen);
  return [
    page.status === 200 ? '' : `status ${page.status} ${page.error}`,
    page.uris.length > limit ? `${page.uris.length} posts where ${limit} were asked for` : '',
    page.uris.length === 0 && page.cursor !== undefined ? 'an empty page with a cursor' : '',
    page.cursor !== undefined && page.cursor === cursor ? 'the cursor came back' : '',
    pages > 0 && page.uris.length > 0 && page.rankingId !== rankingId ? 'a page of another ranking' : '',
    ...page.uris.filter((uri, at) => known.has(uri) || page.uris.indexOf(uri) < at).map((uri) => `${uri} twice`),
  ].filter((text) => text !== '');
}

/** Takes the next page; returns what is wrong. */
async function turn(paging: Paging, random: Random): Promise<string[]> {
  const limit = random.between(1, random.chance(0.5) ? 100 : 25);
  const { viewer, rkey, langs, cursor } = paging;
  const page = await generator.page({ viewer, rkey, langs, cursor, limit });
  const wrong = wrongAbout(paging, page, limit);
  if (paging.pages === 0 && page.rankingId !== '') {
    paging.rankingId = page.rankingId;
    paging.ranking = (await generator.feeds.parts.rankings.find(page.rankingId))?.posts ?? [];
    // One list that fits on its first page need not be kept.
    if (paging.ranking.length === 0 && page.cursor !== undefined) wrong.push('its ranking is not to be found');
  }
  paging.seen.push(...page.uris);
  paging.pages += 1;
  paging.cursor = page.cursor;
  paging.hasEnded = page.cursor === undefined || wrong.length > 0;
  if (paging.pages > 2_000) wrong.push('it does not end');
  return wrong.map((text) => `${rkey} of ${viewer?.handle ?? 'nobody'}, page ${paging.pages}: ${text}`);
}

/** What was missing of a list or stood in another order, now that it has been paged to its end. */
function wrongInAll({ ranking, seen, langs, rkey, viewer }: Paging): string[] {
  if (ranking.length === 0) return [];
  const chosen = generator.feeds.parts.catalogue.find(rkey)?.languages === 'viewer' ? langs : undefined;
  const isThere = ({ uri, langs: its }: RankedPost): boolean =>
    !network.everDeleted.has(uri) &&
    !network.everAway.has(authorOf(uri)) &&
    (chosen === undefined || its.length === 0 || its.includes(chosen)) &&
    !isUnwanted(uri, viewer);
  const got = new Set(seen);
  const holes = ranking.filter((post) => isThere(post) && !got.has(post.uri)).map(({ uri }) => `a hole at ${uri}`);
  const order = ranking.map(({ uri }) => uri).filter((uri) => got.has(uri));
  const strange = order.length === seen.length && order.every((uri, at) => uri === seen[at]) ? [] : ['another order'];
  return [...holes, ...strange].map((text) => `${rkey} of ${viewer?.handle ?? 'nobody'}: ${text}`);
}

const sharedRkeys = (): string[] =>
  generator.feeds.parts.catalogue.feeds().flatMap(({ rkey, personal }) => (personal ? [] : [rkey]));

/** New rankings of all shared feeds. */
async function refreshAll(): Promise<void> {
  const before = new Map(sharedRkeys().map((rkey) => [rkey, generator.rankedAtMs(rkey)]));
  stack.clock.skip(61_000);
  await vi.waitFor(() => {
    for (const [rkey, atMs] of before) expect(generator.rankedAtMs(rkey), rkey).toBeGreaterThan(atMs);
  }, soon);
}

/** From here on only what goes away from now on is in doubt: everything before is in the tables, and has been noticed. */
async function settleDown(): Promise<void> {
  await stack.index(network.frames());
  network.everAway.clear();
  for (const did of network.away) network.everAway.add(did);
  // The reading that ends first may have begun before.
  for (let reads = 0; reads < 2; reads += 1) {
    const sinceMs = Date.now();
    await vi.waitFor(() => expect(generator.feeds.parts.hidden.readAtMs()).toBeGreaterThan(sinceMs), soon);
  }
  await refreshAll();
}

async function speak(pagings: readonly Paging[], random: Random): Promise<void> {
  const signedIn = pagings.filter(({ viewer, seen }) => viewer !== undefined && seen.length > 0);
  if (signedIn.length === 0) return;
  const { viewer, rkey, seen } = random.pick(signedIn);
  if (viewer === undefined) return;
  const item = random.pick(seen);
  const event = random.pick(['requestLess', 'requestMore', 'interactionSeen', 'interactionLike']);
  if (event === 'requestLess') unwanted.set(viewer.did, new Set([...(unwanted.get(viewer.did) ?? []), item]));
  expect(await generator.interact(viewer, rkey, [{ item, event }])).toBe(200);
}

const listsOf = (random: Random): Paging[] =>
  generator.feeds.parts.catalogue.feeds().flatMap(({ rkey, personal }) =>
    [undefined, ...(personal ? viewers.slice(0, 3) : viewers.slice(2, 4))].map((viewer): Paging => ({
      rkey,
      viewer,
      langs: random.pick([undefined, 'en', 'pt']),
      ranking: [],
      rankingId: '',
      cursor: undefined,
      seen: [],
      pages: 0,
      hasEnded: false,
    })),
  );

describe.each(SEEDS)('every feed is paged to its end while the network changes, seed %i', (seed) => {
  test('no duplicate, no hole, no page over its limit, no empty page with a cursor, an ending', async () => {
    const random = createRandom(seed);
    const lists = listsOf(random);
    const wrong: string[] = [];
    await settleDown();
    let outlived = 0;
    for (let round = 0; lists.some(({ hasEnded }) => !hasEnded); round += 1) {
      const open = lists.filter(({ hasEnded, pages }) => !hasEnded && (pages > 0 || random.chance(0.6)));
      network.now(stack.clock.nowMs());
      network.live(20);
      const life = round % 3 === 0 ? stack.index(network.frames()) : speak(lists, random);
      wrong.push(...(await Promise.all(open.map((paging) => turn(paging, random)))).flat());
      await life;
      if (round === 2 || round === 5) {
        outlived += lists.filter(({ hasEnded, pages }) => !hasEnded && pages > 0).length;
        await refreshAll();
      }
    }
    wrong.push(...lists.flatMap(wrongInAll));
    expect(wrong, `FEEDS_SEED=${seed}`).toEqual([]);
    // Or nothing was shown.
    expect(outlived).toBeGreaterThan(lists.length / 2);
    expect(lists.filter(({ pages }) => pages > 2).length).toBeGreaterThan(lists.length / 2);
  }, 120_000);
});
