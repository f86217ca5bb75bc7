import { describe, expect, test } from 'vitest';
import { readToEnd, urisOf } from './feeds-reader.ts';
import { type OnStage, soon } from './feeds-stage.ts';

const FEED = 'all-posts';
const LIMIT = 5;

/** What went away is on no page any more, neither of a new list nor of one that is being paged. */
export const going = (stage: OnStage): void => {
  describe('a deleted post and a deactivated author', () => {
    test.each(['vera', undefined])('are on no further page for %s, and the author comes back', async (name) => {
      const { network, world } = stage();
      const [appView, skeleton] = [stage().appView(FEED, name), stage().skeleton(FEED, name)];
      const first = await appView({ limit: LIMIT });
      expect(first.posts).toHaveLength(LIMIT);
      const rest = (cursor: string | undefined) => async (ask: typeof appView) =>
        urisOf(await readToEnd((turn) => ask({ ...turn, cursor: turn.cursor ?? cursor }), [LIMIT]));
      const fromThere = rest(first.cursor);
      const before = await fromThere(skeleton);
      const whole = [...urisOf(first.posts), ...before];

      const deleted = world.postOf('anna', 2);
      expect(before).toContain(deleted.uri);
      const ofDavid = before.filter((uri) => world.authorOf(uri) === 'david');
      expect(ofDavid.length).toBeGreaterThan(0);
      await world.delete(deleted);
      const david = network.account('david').agent;
      await david.com.atproto.server.deactivateAccount({});
      await network.caughtUp();

      const isThere = (uri: string): boolean => uri !== deleted.uri && world.authorOf(uri) !== 'david';
      // Ours first: the AppView by itself would leave them out too, and show a page that is not full.
      await expect.poll(() => fromThere(skeleton), soon).toEqual(before.filter(isThere));
      const next = await appView({ limit: LIMIT, cursor: first.cursor });
      expect(urisOf(next.posts)).toEqual(before.filter(isThere).slice(0, LIMIT));
      expect(await fromThere(appView)).toEqual(before.filter(isThere));
      expect(urisOf(await readToEnd(appView, [100]))).toEqual(whole.filter(isThere));

      await david.com.atproto.server.activateAccount();
      await network.caughtUp();
      const back = whole.filter((uri) => uri !== deleted.uri);
      await expect.poll(async () => urisOf(await readToEnd(appView, [100])), soon).toEqual(back);
      expect(urisOf(await readToEnd(skeleton, [100]))).toEqual(back);
    });
  });
};
