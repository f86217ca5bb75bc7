import { readAccounts } from '../account/names.ts';
import type { BoardSpec } from '../board-spec.ts';
import { byText, reactionsOf, withoutNewest } from '../reactions.ts';

const shown = 8;

/** The eight accounts whose posts of the window got the most skypoints. */
export const kudosBoard: BoardSpec = {
  windowsBack: 0,
  read: async (rows, { store, signal }) => {
    const accounts = await readAccounts(
      store,
      rows.map((row) => BigInt(String(row['actor_id']))),
      signal,
    );
    const all = rows.map((row) => {
      const account = accounts.get(BigInt(String(row['actor_id'])));
      return {
        newestMs: Number(row['newest_ms']),
        did: account?.did ?? '',
        handle: account?.handle ?? null,
        posts: Number(row['posts']),
        followers: account?.followers ?? 0,
        ...reactionsOf(row),
      };
    });
    all.sort(
      (one, other) => other.skypoints - one.skypoints || other.newestMs - one.newestMs || byText(one.did, other.did),
    );
    return { lens: 'kudos', accounts: all.slice(0, shown).map(withoutNewest) };
  },
};
