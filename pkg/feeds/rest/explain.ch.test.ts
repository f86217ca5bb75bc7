import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { feedOf, rankingOf } from './parts-for-tests.ts';
import { ALICE, BOB, clock, keys, ranked, tid, uriOf, viewer, World } from './world-for-tests.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
beforeEach(() => world.clear());

describe('explain', () => {
  test('a post that is there: its place, its score and what it was made of', async () => {
    world.ranking = rankingOf(feedOf(), [ranked(uriOf(BOB), 9), ranked(uriOf(ALICE), 4)], clock.nowMs());
    expect(await explain(world.parts(), feedOf(), uriOf(ALICE), undefined)).toEqual({
      in: true,
      rank: 2,
      score: 4,
      parts: { likes: 3 },
      reason: undefined,
      rankedAtMs: clock.nowMs(),
      sentence: 'It is number 2 of 2.',
    });
  });

  test('one that is ranked and hidden since', async () => {
    world.ranking = rankingOf(feedOf(), [ranked(uriOf(ALICE), 4)], clock.nowMs());
    world.hidden.add(uriOf(ALICE));
    expect(await explain(world.parts(), feedOf(), uriOf(ALICE), undefined)).toMatchObject({
      in: false,
      filter: 'deleted',
    });
  });

  test.each([
    ['unknown', async () => undefined],
    [
      'deleted',
      async () => {
        await world.write(uriOf(ALICE));
        await world.write(uriOf(ALICE), { deleted: 1, version: 2 });
      },
    ],
    [
      'inactive_author',
      async () => {
        await world.write(uriOf(ALICE));
        await world.store.command(`INSERT INTO inactive_states SELECT {id:UInt64}, 2, 'deactivated', 0`, {
          id: keys.actorId(ALICE),
        });
      },
    ],
    ['banned_author', async () => void world.banned.add(ALICE)],
    ['banned_post', async () => void world.banned.add(uriOf(ALICE))],
    ['blocked_label', () => world.write(uriOf(ALICE), { labels: 'porn' })],
    ['language', () => world.write(uriOf(ALICE), { langs: 'de' })],
    [undefined, () => world.write(uriOf(ALICE), { langs: 'pt-BR', labels: 'other' })],
  ])('the filter %s', async (filter, prepare) => {
    world.ranking = rankingOf(feedOf(), [], clock.nowMs());
    await prepare();
    const answer = await explain(world.parts(), feedOf({ languages: ['pt'] }), uriOf(ALICE), undefined);
    expect(answer).toMatchObject({ in: false, filter });
    expect(answer?.sentence).toMatch(/^[A-Z].*\.$/);
  });

  test('the feed’s own conditions, asked of this post alone', async () => {
    await world.write(uriOf(ALICE));
    const why = `SELECT 'likes' AS name, toUInt8(n >= {least:UInt32}) AS ok, toString(n) AS value, 'at least ' || toString({least:UInt32}) AS needs
      FROM (SELECT count() AS n FROM author_posts WHERE actor_id = {post_actor:UInt64} AND tid = {post_tid:UInt64})`;
    world.ranking = rankingOf(feedOf(), [], clock.nowMs());
    const failing = await explain(world.parts(), feedOf({ why, settings: { least: 5 } }), uriOf(ALICE), undefined);
    expect(failing).toMatchObject({
      in: false,
      filter: undefined,
      checks: [{ name: 'likes', ok: false, value: '1', needs: 'at least 5' }],
      sentence: 'It does not meet 1 of 1 conditions: likes.',
    });
    const met = await explain(world.parts(), feedOf({ why, settings: { least: 1 } }), uriOf(ALICE), undefined);
    expect(met).toMatchObject({ checks: [{ ok: true }] });
    expect(met?.sentence).toContain('every condition');
    const broken = await explain(
      world.parts(),
      feedOf({ why: 'SELECT nothing FROM nowhere' }),
      uriOf(ALICE),
      undefined,
    );
    expect(broken).toMatchObject({ in: false, checks: [] });
    expect(broken?.sentence).toContain('why.sql');
  });

  test('a personal feed: one’s own, or the form for those whom we do not know', async () => {
    await world.write(uriOf(ALICE));
    const flow = feedOf({ rkey: 'flow', personal: true, publicForm: 'hot' });
    world.feeds = [feedOf(), flow];
    world.ranking = rankingOf(feedOf(), [ranked(uriOf(ALICE), 4)], clock.nowMs());
    expect(await explain(world.parts(), flow, uriOf(ALICE), undefined)).toMatchObject({ in: true, rank: 1 });
    expect(await explain(world.parts(), flow, uriOf(ALICE), viewer)).toMatchObject({ in: false, filter: undefined });
    const busy = world.parts({ own: async () => 'busy' });
    expect((await explain(busy, flow, uriOf(ALICE), viewer))?.sentence).toContain('moment');
    const alone = feedOf({ personal: true });
    expect((await explain(world.parts(), alone, uriOf(ALICE), undefined))?.sentence).toContain('say whose');
  });

  test('what the viewer asked to see less of', async () => {
    world.ranking = rankingOf(feedOf(), [ranked(uriOf(ALICE), 4)], clock.nowMs());
    const { actorId, tid: key } = ranked(uriOf(ALICE), 1);
    const taste = {
      less: new Set([`${actorId}:${key}`]),
      authors: new Map(),
      tags: new Map(),
      seen: new Set<string>(),
    };
    const parts = world.parts({ tastes: { of: async () => taste } });
    expect(await explain(parts, feedOf(), uriOf(ALICE), viewer)).toMatchObject({
      in: false,
      checks: [{ name: 'asked for less' }],
    });
    expect(await explain(parts, feedOf(), uriOf(ALICE), undefined)).toMatchObject({ in: true });
  });

  test.each([
    '',
    'x',
    `at://${ALICE}`,
    `at://alice.example/app.bsky.feed.post/${tid}`,
    `at://${ALICE}/app.bsky.feed.like/${tid}`,
  ])('%j is no post', async (uri) => {
    expect(await explain(world.parts(), feedOf(), uri, undefined)).toBeUndefined();
  });
});
