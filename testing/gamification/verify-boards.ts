import type { Redis } from 'ioredis';
import { type DayNumber, dayText, isoWeek, mondayOf } from './model/calendar.ts';
import type { Stored } from './stored.ts';
import { compareSets, Findings } from './verify-ledger.ts';

/** Somebody's place: those with the same XP share it, and the places that they take up are left out after it. */
interface Place {
  readonly userId: string;
  readonly xp: number;
  readonly rank: number;
}

/** Who stands where, with these sums; counted for each anew. */
export const placesOf = (sums: ReadonlyMap<string, number>): Place[] =>
  [...sums].map(([userId, xp]) => ({
    userId,
    xp,
    rank: 1 + [...sums.values()].filter((other) => other > xp).length,
  }));

const keptPlaces = 1_000;

/** The days that a world has seen. */
export interface Span {
  readonly firstDay: DayNumber;
  readonly lastDay: DayNumber;
}

const mondays = ({ firstDay, lastDay }: Span): DayNumber[] => {
  const first = mondayOf(firstDay);
  return Array.from({ length: Math.floor((lastDay - first) / 7) + 1 }, (_, nth) => first + 7 * nth);
};

/** Whose XP of one week is shown, with the sums. */
const weekSums = ({ players, weekly }: Stored, monday: DayNumber): ReadonlyMap<string, number> => {
  const hidden = new Set(players.filter((player) => player.hidden).map(({ userId }) => userId));
  const shown = weekly.filter(({ week, userId }) => week === dayText(monday) && !hidden.has(userId));
  return new Map(shown.map(({ userId, xp }) => [userId, xp]));
};

/** The leaderboards in Redis, against sums that `verifyLedger` has found right. Hidden users stand on none. */
export const verifyBoards = async (redis: Redis, stored: Stored, span: Span): Promise<Findings> => {
  const findings = new Findings();
  const shown = stored.players.filter(({ hidden, total }) => !hidden && total > 0);
  const compare = async (key: string, sums: ReadonlyMap<string, number>): Promise<void> => {
    const wanted = [...sums].map(([userId, xp]) => `${userId} ${xp}`);
    compareSets(findings, key, { found: await readBoard(redis, key), wanted });
  };
  await compare('leaderboard:global', new Map(shown.map(({ userId, total }) => [userId, total])));
  for (const monday of mondays(span)) {
    const key = `leaderboard:weekly:${isoWeek(monday)}`;
    // Of weeks long over nothing need be left.
    if (monday + 7 <= span.lastDay && (await redis.exists(key)) === 0) continue;
    await compare(key, weekSums(stored, monday));
  }
  return findings;
};

/** The weeks that were over before the last day, as they ended: the first thousand. */
export const verifyArchive = (stored: Stored, span: Span): Findings => {
  const findings = new Findings();
  const over = mondays(span).filter((monday) => monday + 7 <= span.lastDay);
  const periods = [...new Set(stored.archive.map(({ period }) => period))];
  findings.same('the weeks in the archive', periods.toSorted(), over.map(isoWeek).toSorted());
  for (const monday of over) {
    const archived = stored.archive.filter(({ period }) => period === isoWeek(monday));
    const places = placesOf(weekSums(stored, monday)).filter(({ rank }) => rank <= keptPlaces);
    compareSets(findings, `the archive of ${isoWeek(monday)}`, {
      found: archived.map(({ userId, rank, xp }) => `${rank} ${userId} ${xp}`),
      wanted: places.map(({ userId, rank, xp }) => `${rank} ${userId} ${xp}`),
    });
  }
  return findings;
};

const readBoard = async (redis: Redis, key: string): Promise<string[]> => {
  const flat = await redis.zrangebyscore(key, '-inf', '+inf', 'WITHSCORES');
  return flat.flatMap((each, index) => (index % 2 === 0 ? [`${each} ${flat[index + 1]}`] : []));
};
