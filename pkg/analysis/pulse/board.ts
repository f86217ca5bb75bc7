import { readFollowers, readFollowing, readNames, readSince } from '../account/accounts.ts';
import { actorIdOf, type BoardRow, type BoardSpec } from '../board-spec.ts';
import { byText, withoutNewest } from '../reactions.ts';
import { hundredths } from '../rounding.ts';
import type { Span } from '../span.ts';
import { composeSql } from '../sql/compose.ts';

const shown = 10;
const dayMs = 86_400_000;
/** Nothing on the network is older: accounts of people were first made in that month. */
const oldestMs = Date.UTC(2022, 10, 1);

/** The ten accounts whose skypoints grew most against the window before. */
export const pulseBoard: BoardSpec = {
  sql: composeSql('sql/audience-rows', 'pulse/board'),
  windowsBack: 1,
  read: async (rows, { store, span, signal }) => {
    const ids = rows.map(actorIdOf);
    const [names, followers, following, since] = await Promise.all([
      readNames(store, ids, signal),
      readFollowers(store, ids, signal),
      readFollowing(store, ids, signal),
      readSince(store, ids, signal),
    ]);
    const all = rows.map((row) => {
      const id = actorIdOf(row);
      const standing = {
        followers: followers.get(id) ?? 0,
        following: following.get(id) ?? 0,
        sinceMs: since.get(id) ?? span.toMs,
      };
      return { did: names.get(id)?.did ?? '', handle: names.get(id)?.handle ?? null, ...entryOf(row, standing, span) };
    });
    all.sort(
      (one, other) =>
        // a / b against c / d without dividing: both are above zero.
        (1 + other.skypoints) * (1 + one.previous_skypoints) - (1 + one.skypoints) * (1 + other.previous_skypoints) ||
        other.skypoints - one.skypoints ||
        other.newestMs - one.newestMs ||
        byText(one.did, other.did),
    );
    return { lens: 'pulse', accounts: all.slice(0, shown).map(withoutNewest) };
  },
};

const entryOf = (
  row: BoardRow,
  { followers, following, sinceMs }: { followers: number; following: number; sinceMs: number },
  span: Span,
) => {
  const posts = Number(row['posts']);
  const ageDays = Math.max(1, (span.toMs - Math.max(oldestMs, sinceMs)) / dayMs);
  return {
    newestMs: Number(row['newest_ms']),
    posts,
    skypoints: Number(row['skypoints']),
    previous_skypoints: Number(row['previous_skypoints']),
    followers,
    following,
    age_days: hundredths(ageDays),
    posts_per_day: hundredths(posts / (span.lengthMs / dayMs)),
    followers_per_day: hundredths(followers / ageDays),
    following_per_day: hundredths(following / ageDays),
  };
};
