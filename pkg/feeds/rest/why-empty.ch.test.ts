import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatTid, tidAt } from '#pkg/atproto/tid.ts';
import { feedOf } from './parts-for-tests.ts';
import { whyEmpty } from './why-empty.ts';
import { ALICE, BOB, clock, keys, uriOf, viewer, World } from './world-for-tests.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
beforeEach(() => world.clear());

describe('whyEmpty', () => {
  const indexed = (untilMs: number) =>
    world.store.command(
      `INSERT INTO ingest_log (flushed_at, source, resumable, first_time_us, last_time_us, cursor_us, events)
       SELECT now64(3), 'x', 1, {from:Int64}, {to:Int64}, 0, 5`,
      { from: (untilMs - 60_000) * 1000, to: untilMs * 1000 },
    );

  test('an index that has nothing, a feed that nobody published', async () => {
    world.published = new Set();
    const { sentences, numbers } = await whyEmpty(world.parts(), feedOf());
    expect(sentences.join(' ')).toMatch(/no rows.*no events yet.*not published/);
    expect(numbers).toMatchObject({ rows: 0, kept: 0, indexSinceMs: undefined, postsOfLastDay: 0, publishers: 0 });
  });

  test('each filter is counted, and what was hidden since', async () => {
    await indexed(clock.nowMs());
    const at = (minutes: number) => formatTid(tidAt((clock.nowMs() - minutes * 60_000) * 1000));
    await world.write(uriOf(ALICE, at(1)));
    await world.write(uriOf(ALICE, at(2)), { labels: 'porn' });
    await world.write(uriOf(BOB, at(3)));
    world.banned.add(BOB);
    world.hidden.add(uriOf(ALICE, at(1)));
    const { sentences, numbers } = await whyEmpty(world.parts(), feedOf());
    expect(numbers).toMatchObject({ rows: 3, kept: 1, hidden: 1, postsOfLastDay: 3, indexUntilMs: clock.nowMs() });
    expect(numbers.dropped).toMatchObject({ blocked_label: 1, banned_author: 1, deleted: 0 });
    expect(sentences).toHaveLength(2);
  });

  test('nothing is wrong', async () => {
    await indexed(clock.nowMs());
    await world.write(uriOf(ALICE));
    expect((await whyEmpty(world.parts(), feedOf())).sentences).toEqual(['Nothing is wrong; posts that it shows: 1.']);
  });

  test('an index that is behind, a refresh that fails, a statement that is wrong, no members', async () => {
    await indexed(clock.nowMs() - 600_000);
    world.health = [
      { rkey: 'hot', rankedAtMs: 5, posts: 1, failures: 3, error: 'it took longer than 5 s', stale: true },
    ];
    const feed = feedOf({ sql: 'SELECT nothing', asksMembers: true });
    const { sentences, numbers } = await whyEmpty(world.parts(), feed);
    for (const said of [/statement fails/, /no members/, /10 min behind/, /3 in a row.*longer than 5 s/]) {
      expect(
        sentences.filter((sentence) => said.test(sentence)),
        String(said),
      ).toHaveLength(1);
    }
    expect(numbers).toMatchObject({ rows: undefined, members: 0, lastRankedAtMs: 5 });
  });

  test('a personal feed without a viewer, and with one', async () => {
    await indexed(clock.nowMs());
    await world.write(uriOf(ALICE));
    const flow = feedOf({
      personal: true,
      sql: 'SELECT actor_id, tid, 1 AS score FROM author_posts WHERE actor_id != {viewer:UInt64}',
    });
    expect((await whyEmpty(world.parts(), flow)).sentences[0]).toContain('no public form');
    expect((await whyEmpty(world.parts(), flow, viewer)).numbers).toMatchObject({ rows: 1, kept: 1 });
  });

  test('published, and invisible all the same', async () => {
    await indexed(clock.nowMs());
    await world.write(uriOf(ALICE));
    const record = (did: string, service: string) =>
      world.store.command(
        `INSERT INTO feed_generators (actor_id, key, version, deleted, service_did, display_name, description, seen_at)
         SELECT {id:UInt64}, {key:UInt64}, 1, 0, {service:String}, '', '', now64(6)`,
        { id: keys.actorId(did), key: keys.recordKey('app.bsky.feed.generator', 'hot').key, service },
      );
    await record(BOB, 'did:web:skyflow.test');
    expect((await whyEmpty(world.parts(), feedOf())).sentences.join()).toContain('not published from here: 1.');
    await record(ALICE, 'did:web:other.test');
    expect((await whyEmpty(world.parts(), feedOf())).sentences.join()).toContain('names another service');
  });
});
