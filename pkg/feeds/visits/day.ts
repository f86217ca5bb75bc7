/** A UTC day, `YYYY-MM-DD`. */
export type Day = string;

export const MS_PER_DAY = 86_400_000;

/** The UTC day of a moment in milliseconds. */
export const dayOf = (ms: number): Day => new Date(ms).toISOString().slice(0, 10);
