/** The commands about users and what they earned: they ask the running process, or open the stores themselves. */
export const PLAYERS = ['users tier', 'xp rebuild'] as const;
