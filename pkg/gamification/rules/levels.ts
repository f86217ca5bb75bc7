import { XP_PER_LEVEL } from './amounts.ts';

/** The level of a total; 0 for one below 0. [S] */
export const levelOf = (xpTotal: number): number => Math.max(0, Math.floor(xpTotal / XP_PER_LEVEL));

/** The total at which a level begins. */
export const xpAtLevel = (level: number): number => level * XP_PER_LEVEL;
