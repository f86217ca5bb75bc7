import { readFollowers, readNames } from '../account/accounts.ts';
import { actorIdOf, type BoardSpec } from '../board-spec.ts';
import { byText, reactionsOf, withoutNewest } from '../reactions.ts';
import { composeSql } from '../sql/compose.ts';

const shown = 8;

/** The eight accounts whose posts of the window got the most skypoints. */
export const kudosBoard: BoardSpec = {
  sql: composeSql('sql/audience-rows', 'sql/audience-posts', 'kudos/board'),
  windowsBack: 0,
  read: async (rows, { store, signal }) => {
    const ids = rows.map(actorIdOf);
    const [names, followers] = await Promise.all([readNames(store, ids, signal), readFollowers(store, ids, signal)]);
    const all = rows.map((row) => {
      const id = actorIdOf(row);
      return {
        newestMs: Number(row['newest_ms']),
        did: names.get(id)?.did ?? '',
        handle: names.get(id)?.handle ?? null,
        posts: Number(row['posts']),
        followers: followers.get(id) ?? 0,
        ...reactionsOf(row),
      };
    });
    all.sort(
      (one, other) => other.skypoints - one.skypoints || other.newestMs - one.newestMs || byText(one.did, other.did),
    );
    return { lens: 'kudos', accounts: all.slice(0, shown).map(withoutNewest) };
  },
};
