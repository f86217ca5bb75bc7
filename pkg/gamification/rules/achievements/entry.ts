import type { Achievement } from './criteria.ts';

/** An achievement as it is written down: what it leaves out goes by its rarity, or is for every tier. */
export type Entry = Omit<Achievement, 'xpReward' | 'tierRequired'> &
  Partial<Pick<Achievement, 'xpReward' | 'tierRequired'>>;
