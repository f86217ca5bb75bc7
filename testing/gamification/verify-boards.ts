import type { Redis } from 'ioredis';
import { type DayNumber, dayNumber, dayText, isoWeek, mondayOf } from './model/calendar.ts';
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

/**
 * The leaderboards in Redis and the archive, against sums that `verifyLedger` has found right. Hidden users stand on none.
 * `lastDay`: of the world; weeks that ended before it are in the archive, from the one of `firstDay` on.
 */
export const verifyBoards = async (
  redis: Redis,
  stored: Stored,
  { firstDay, lastDay }: { firstDay: DayNumber; lastDay: DayNumber },
): Promise<Findings> => {
  const findings = new Findings();
  const hidden = new Set(stored.players.filter((player) => player.hidden).map(({ userId }) => userId));
  const shown = stored.players.filter(({ userId }) => !hidden.has(userId));
  const wanted = shown.filter(({ total }) => total > 0).map(({ userId, total }) => `${userId} ${total}`);
  compareSets(findings, 'leaderboard:global', { found: await readBoard(redis, 'leaderboard:global'), wanted });
  for (let monday = mondayOf(firstDay); monday <= lastDay; monday += 7) {
    const week = isoWeek(monday);
    const sums = stored.weekly.filter((row) => row.week === dayText(monday) && !hidden.has(row.userId));
    const places = placesOf(new Map(sums.map(({ userId, xp }) => [userId, xp])));
    const archived = stored.archive.filter(({ period }) => period === week);
    const isOver = monday + 7 <= lastDay;
    compareSets(findings, `the archive of ${week}`, {
      found: archived.map(({ userId, rank, xp }) => `${rank} ${userId} ${xp}`),
      wanted: isOver
        ? places.filter(({ rank }) => rank <= keptPlaces).map(({ userId, rank, xp }) => `${rank} ${userId} ${xp}`)
        : [],
    });
    const key = `leaderboard:weekly:${week}`;
    // Of weeks long over nothing need be left.
    if (isOver && (await redis.exists(key)) === 0) continue;
    compareSets(findings, key, {
      found: await readBoard(redis, key),
      wanted: sums.map(({ userId, xp }) => `${userId} ${xp}`),
    });
  }
  for (const { period } of stored.archive) {
    if (!/^\d{4}-W\d{2}$/.test(period)) findings.add(`a period that is none: ${period}`);
  }
  return findings;
};

const readBoard = async (redis: Redis, key: string): Promise<string[]> => {
  const flat = await redis.zrangebyscore(key, '-inf', '+inf', 'WITHSCORES');
  return flat.flatMap((each, index) => (index % 2 === 0 ? [`${each} ${flat[index + 1]}`] : []));
};

/** For reading a `week` of the table. */
export const weekOf = (monday: string): string => isoWeek(dayNumber(monday));
