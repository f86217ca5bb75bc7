import { describe, expect, test } from 'vitest';
import { readToEnd, urisOf } from './feeds-reader.ts';
import { type OnStage, soon } from './feeds-stage.ts';

const LIMIT = 5;

/** Which feed somebody is reading, who leaves meanwhile, and one of whose posts is deleted. */
const cases: readonly { rkey: string; name: string | undefined; leaves: string; deletes: string }[] = [
  { rkey: 'all-posts', name: undefined, leaves: 'david', deletes: 'erika' },
  { rkey: 'all-posts', name: 'vera', leaves: 'david', deletes: 'erika' },
  // Made for her alone.
  { rkey: 'mutuals', name: 'vera', leaves: 'bruno', deletes: 'anna' },
];

/** What went away is on no page any more, neither of a new list nor of one that is being paged. */
export const going = (stage: OnStage): void => {
  describe('a deleted post and a deactivated author', () => {
    test.each(cases)('are on no further page of $rkey for $name, and the author comes back', async (the) => {
      const { network, world } = stage();
      const [appView, skeleton] = [stage().appView(the.rkey, the.name), stage().skeleton(the.rkey, the.name)];
      const first = await appView({ limit: LIMIT });
      expect(first.posts).toHaveLength(LIMIT);
      const rest = (cursor: string | undefined) => async (ask: typeof appView) =>
        urisOf(await readToEnd((turn) => ask({ ...turn, cursor: turn.cursor ?? cursor }), [LIMIT]));
      const fromThere = rest(first.cursor);
      const before = await fromThere(skeleton);
      const whole = [...urisOf(first.posts), ...before];

      const deleted = world
        .roots()
        .find(({ uri, author, likes }) => author === the.deletes && likes.size === 0 && before.includes(uri));
      if (deleted === undefined) throw new Error('there is nothing to delete');
      expect(before.filter((uri) => world.authorOf(uri) === the.leaves)).not.toEqual([]);
      await world.delete(deleted);
      const { agent } = network.account(the.leaves);
      await agent.com.atproto.server.deactivateAccount({});
      await network.caughtUp();

      const isThere = (uri: string): boolean => uri !== deleted.uri && world.authorOf(uri) !== the.leaves;
      // Ours first: the AppView by itself would leave them out too, and show a page that is not full.
      await expect.poll(() => fromThere(skeleton), soon).toEqual(before.filter(isThere));
      const next = await appView({ limit: LIMIT, cursor: first.cursor });
      expect(urisOf(next.posts)).toEqual(before.filter(isThere).slice(0, LIMIT));
      expect(await fromThere(appView)).toEqual(before.filter(isThere));
      expect(urisOf(await readToEnd(appView, [100]))).toEqual(whole.filter(isThere));

      await agent.com.atproto.server.activateAccount();
      await network.caughtUp();
      const back = whole.filter((uri) => uri !== deleted.uri);
      await expect.poll(async () => urisOf(await readToEnd(appView, [100])), soon).toEqual(back);
      expect(urisOf(await readToEnd(skeleton, [100]))).toEqual(back);
    });
  });
};
