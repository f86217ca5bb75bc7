/**
 * What became of a deed. `awarded`: rows were written into the ledger, even if of 0 XP. `known`: nothing was, as it had been
 * counted before or brings nothing.
 */
export const SETTLED = ['awarded', 'known', 'unknown user', 'left'] as const;
export type Settled = (typeof SETTLED)[number];
