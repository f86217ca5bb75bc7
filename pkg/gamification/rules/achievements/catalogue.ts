import { BY_MOMENT } from './by-moment.ts';
import { BY_PEOPLE } from './by-people.ts';
import { BY_USE } from './by-use.ts';
import type { Achievement, Rarity } from './criteria.ts';

/** What an achievement of a rarity brings, in XP. */
export const REWARDS: Readonly<Record<Rarity, number>> = {
  common: 25,
  uncommon: 50,
  rare: 100,
  epic: 250,
  legendary: 500,
};

/** Every achievement that there is. The order is that in which they are unlocked where one deed unlocks several, and shown. */
export const ACHIEVEMENTS: readonly Achievement[] = [...BY_USE, ...BY_PEOPLE, ...BY_MOMENT].map((entry) => ({
  tierRequired: null,
  xpReward: REWARDS[entry.rarity],
  ...entry,
}));
