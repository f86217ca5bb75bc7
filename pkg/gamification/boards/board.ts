import type { Day } from '../model.ts';
import { weekName } from '../rules/weeks.ts';

/** A leaderboard in Redis: of all XP, or of one ISO week's, told by its Monday. */
export type Board = { readonly board: 'global' } | { readonly board: 'weekly'; readonly monday: Day };

/** Somebody's place. Those with the same XP share a rank, and the ranks that they take up are left out after it. */
export interface Placed {
  readonly userId: string;
  readonly xp: number;
  /** 1 is the first: one more than there are users with more XP. */
  readonly rank: number;
}

/** The names of all keys. Members and fields are user ids, scores are XP. */
export const KEYS = {
  global: 'leaderboard:global',
  /** Field by field `players.version` of what stands there, so that an older reading never overwrites a newer one. */
  versions: 'leaderboard:versions',
  weekly: (monday: Day): string => `leaderboard:weekly:${weekName(monday)}`,
  weeklyVersions: (monday: Day): string => `leaderboard:weekly:${weekName(monday)}:versions`,
  /** Which life of the Redis server the boards were built in; without it nothing can be said of what is missing. */
  built: 'leaderboard:built',
  /** Counted up when somebody is taken out, so that whoever read Postgres before that does not put them back. */
  removals: 'leaderboard:removals',
  /** The lock of whoever builds. */
  building: 'leaderboard:building',
  statsPrefix: 'user:stats:',
  stats: (userId: string): string => `user:stats:${userId}`,
} as const;

export const keyOf = (board: Board): string => (board.board === 'global' ? KEYS.global : KEYS.weekly(board.monday));

/** The two keys of a week's board: the board, its versions. */
export const weekKeys = (monday: Day): [string, string] => [KEYS.weekly(monday), KEYS.weeklyVersions(monday)];
