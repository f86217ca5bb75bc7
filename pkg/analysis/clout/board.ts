import { collections } from '#pkg/atproto/collections.ts';
import { readNames } from '../account/accounts.ts';
import { readPosts } from '../account/posts.ts';
import { actorIdOf, type BoardSpec } from '../board-spec.ts';
import { byText, reactionsOf } from '../reactions.ts';
import { composeSql } from '../sql/compose.ts';

const shown = 10;

/** The best post of each author, the ten best of those. */
export const cloutBoard: BoardSpec = {
  sql: composeSql('sql/audience-rows', 'sql/audience-posts', 'clout/board'),
  windowsBack: 0,
  read: async (rows, { store, signal }) => {
    const keys = rows.map((row) => ({ actorId: actorIdOf(row), tid: BigInt(String(row['tid'])) }));
    const [names, posts] = await Promise.all([
      readNames(store, [...new Set(keys.map(({ actorId }) => actorId))], signal),
      readPosts(store, keys, signal),
    ]);
    const all = rows.map((row) => {
      const name = names.get(actorIdOf(row));
      const post = posts.get(`${String(row['actor_id'])}/${String(row['tid'])}`);
      const did = name?.did ?? '';
      return {
        uri: `at://${did}/${collections.post}/${post?.rkey ?? ''}`,
        did,
        handle: name?.handle ?? null,
        at: new Date(Number(row['at_ms'])).toISOString(),
        text: post?.text ?? '',
        ...reactionsOf(row),
      };
    });
    all.sort((one, other) => other.skypoints - one.skypoints || byText(other.at, one.at) || byText(one.uri, other.uri));
    const authors = new Set<string>();
    const best = all.filter(({ did }) => !authors.has(did) && authors.add(did)).slice(0, shown);
    return { lens: 'clout', posts: best, total: best.reduce((sum, { skypoints }) => sum + skypoints, 0) };
  },
};
