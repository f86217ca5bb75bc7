import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  appViewAccounts,
  appViewNeighbours,
  appViewPosts,
  appViewReactors,
  type PostCounts,
} from './appview-counts.ts';
import { authorOf } from './life-ledger.ts';
import { type Network, startNetwork } from './network.ts';
import { ourAccounts, ourPosts, shownAccounts, shownPosts } from './our-counts.ts';
import { RandomLife } from './random-life.ts';

/*
 * Three witnesses: our index, the AppView, and `RandomLife`, which knows what it did. Where the first two count differently on
 * purpose, found in the AppView's source and seen here:
 *
 * - The AppView's counts include what deactivated accounts did, since its aggregates know no status; its lists of people leave
 *   them out. We leave them out wherever people look: in the views. So our tables, with nobody left out, are compared with its
 *   counts, and our views with its lists. When everybody is back, all four say the same.
 * - The AppView counts replies and quotes by posts; `recent_posts_with_score` counts them by people, so that two answers of one
 *   person are 2 there and 1 here. The tables are asked for posts, the view is compared by people.
 * - The AppView tells quotes by the hash of the quoted post, so that two posts of equal content share them. Here no two are equal.
 * - The AppView loses count of a third like, repost or follow of the same subject by the same account (see `RandomLife`).
 * - The AppView forgets the quotes of a deleted post, we do not. Neither shows them.
 */

const NAMES = 'albert bertha claire dagmar edmund florian greta hedwig ivana jolanda konrad leonie'.split(' ');
const OPERATIONS = 5_000;
const seed = Number(process.env['SKYFLOW_E2E_SEED'] ?? 20_261_121);

/** As an object with its keys in order, which is what a difference is readable in. */
const inOrder = <T>(map: ReadonlyMap<string, T>): Record<string, T> =>
  Object.fromEntries([...map].toSorted(([a], [b]) => (a < b ? -1 : 1)));

const where = <T>(map: ReadonlyMap<string, T>, holds: (key: string) => boolean): Map<string, T> =>
  new Map([...map].filter(([key]) => holds(key)));

const each = <T, U>(map: ReadonlyMap<string, T>, change: (value: T, key: string) => U): Map<string, U> =>
  new Map([...map].map(([key, value]) => [key, change(value, key)]));

describe(`after ${OPERATIONS} random operations, seed ${seed}`, () => {
  let network: Network;
  let life: RandomLife;
  const isActive = (did: string): boolean => !life.inactive.some((account) => account.did === did);
  const dids = (): string[] => network.accounts.map((account) => account.did);

  beforeAll(async () => {
    network = await startNetwork(NAMES);
    life = new RandomLife(network, seed);
    await life.live(OPERATIONS / 2);
    // It comes back a little behind what it had read: what it hears twice must not count twice.
    network.bridge.dropAll();
    await life.live(OPERATIONS / 2);
    for (const name of ['bertha', 'konrad']) {
      if (isActive(network.account(name).did)) await life.deactivate(network.account(name));
    }
    await network.caughtUp();
  }, 400_000);

  afterAll(async () => {
    // Undefined where it did not start; then it has cleaned up already.
    await (network as Network | undefined)?.[Symbol.asyncDispose]();
  });

  /** Our tables are what happened, and what the AppView says of those it shows is the same. */
  const compareTables = async (): Promise<void> => {
    const accounts = life.ledger.accountCounts();
    const own = await ourAccounts(network.skyflow);
    expect(inOrder(own), 'our accounts').toEqual(
      inOrder(each(accounts, (counts, did) => ({ ...counts, active: isActive(did) ? 1 : 0 }))),
    );
    const theirs = await appViewAccounts(network.appViewAgent, dids());
    expect(inOrder(theirs), 'the accounts of the AppView').toEqual(inOrder(where(accounts, isActive)));

    const posts = life.ledger.postCounts();
    expect(inOrder(await ourPosts(network.skyflow)), 'our posts').toEqual(inOrder(posts));
    const theirPosts = await appViewPosts(network.appViewAgent, life.ledger.everPosted);
    const visible = where(posts, (uri) => isActive(authorOf(uri)));
    expect(inOrder(theirPosts), 'the posts of the AppView').toEqual(inOrder(visible));
  };

  test('everything happened that should', () => {
    for (const [kind, times] of Object.entries(life.done)) expect(times, kind).toBeGreaterThan(4);
    expect(life.inactive.length).toBeGreaterThanOrEqual(2);
    expect(network.skyflow.restarts).toBe(0);
  });

  test('with some deactivated, the counts in our tables are those of the AppView', compareTables);

  test('and our views show whom its lists of people show: nobody who is deactivated', async () => {
    const { skyflow, appViewAgent } = network;
    const neighbours = new Map<string, { following: number; followers: number }>();
    for (const did of dids().filter(isActive)) {
      const { following, followers } = await appViewNeighbours(appViewAgent, did);
      neighbours.set(did, { following: following.length, followers: followers.length });
    }
    expect(inOrder(await shownAccounts(skyflow))).toEqual(inOrder(neighbours));

    // Where nobody who is deactivated had a hand in it, the AppView's list is as long as its count says.
    const touched = life.ledger.touchedBy(life.inactive.map((account) => account.did));
    expect(touched.size).toBeGreaterThan(100);
    const [replies, quotes] = [life.ledger.people('parent', isActive), life.ledger.people('quoted', isActive)];
    const expected = new Map<string, PostCounts>();
    for (const [uri, { likes, reposts }] of await appViewPosts(appViewAgent, life.ledger.everPosted)) {
      expected.set(uri, { likes, reposts, replies: replies.get(uri) ?? 0, quotes: quotes.get(uri) ?? 0 });
      if (!touched.has(uri)) continue;
      const listed = await appViewReactors(appViewAgent, uri);
      expect(new Set(listed.quotes).size, uri).toBe(expected.get(uri)?.quotes);
      const those = { likes: listed.likes.length, reposts: listed.reposts.length };
      expected.set(uri, { ...(expected.get(uri) as PostCounts), ...those });
    }
    expect(inOrder(await shownPosts(skyflow))).toEqual(inOrder(expected));
  });

  test('when they are back, tables, views and AppView agree', async () => {
    for (const account of life.inactive) await life.reactivate(account);
    await network.caughtUp();
    await compareTables();

    const { skyflow, appViewAgent } = network;
    const theirs = await appViewAccounts(appViewAgent, dids());
    const neighbours = each(theirs, ({ following, followers }) => ({ following, followers }));
    expect(inOrder(await shownAccounts(skyflow))).toEqual(inOrder(neighbours));
    const shown = each(await shownPosts(skyflow), ({ likes, reposts }) => ({ likes, reposts }));
    const theirPosts = await appViewPosts(appViewAgent, life.ledger.everPosted);
    expect(inOrder(shown)).toEqual(inOrder(each(theirPosts, ({ likes, reposts }) => ({ likes, reposts }))));
  });
});
