import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatTid, tidAt } from '#pkg/atproto/tid.ts';
import { ALICE, BOB, clock, keys, ranked, tid, uriOf, World } from '../world-for-tests.ts';
import { readPosts } from './texts.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
beforeEach(() => world.clear());

describe('texts for readers without an account', () => {
  test('in the order of the ranking, without what is gone and who does not want to be shown', async () => {
    const odd = uriOf(ALICE, 'not-a-tid');
    await world.write(uriOf(ALICE), { text: 'one' });
    await world.write(odd, { text: 'two' });
    const gone = uriOf(ALICE, formatTid(tidAt(clock.nowMs() * 1000)));
    await world.write(gone, { text: 'gone' });
    await world.write(gone, { deleted: 1, version: 2 });
    await world.write(uriOf(BOB), { text: 'shy' });
    await world.store.command(
      `INSERT INTO profiles (actor_id, version, deleted, display_name, description, labels, seen_at)
       SELECT {id:UInt64}, 1, 0, '', '', ['!no-unauthenticated'], now64(6)`,
      { id: keys.actorId(BOB) },
    );
    await world.store.command(
      `INSERT INTO actors (actor_id, handle, first_seen_at) SELECT {id:UInt64}, (5, 'alice.example'), now64(6)`,
      {
        id: keys.actorId(ALICE),
      },
    );
    const found = await readPosts(world.store, [
      ranked(odd, 9),
      ranked(uriOf(BOB), 8),
      ranked(gone, 7),
      ranked(uriOf(ALICE), 6),
    ]);
    expect(found.map(({ text, handle, rkey }) => [text, handle, rkey])).toEqual([
      ['two', 'alice.example', 'not-a-tid'],
      ['one', 'alice.example', tid],
    ]);
    expect(found[1]?.postedMs).toBe(clock.nowMs());
    expect(await readPosts(world.store, [])).toEqual([]);
  });
});
