import type { Lens } from '#pkg/contracts/lens.ts';

/** A part of a score: its name, and its weight in hundredths so that sums of weights are whole numbers. */
export interface PartSpec {
  readonly name: string;
  readonly hundredths: number;
}

/** What one account measures in one window. */
export interface Measure {
  /** In the order of the lens's parts. */
  readonly values: readonly number[];
  /** Flow: its best hours of the day (UTC), best first. */
  readonly peakHours?: readonly number[];
  /** Pulse: skypoints and new followers of the window, and of the one before. */
  readonly gained?: { readonly now: number; readonly before: number };
}

/** A row of a lens's score: one account in the window of that age (0: the one asked for). */
export interface ScoreRow extends Record<string, unknown> {
  readonly actor_id: string;
  readonly age: number;
  /** Missing or 0 where the account did not post in the window. */
  readonly posts?: string;
}

/** How a lens is scored. */
export interface ScoreSpec {
  readonly lens: Lens;
  readonly parts: readonly PartSpec[];
  /** Statements whose rows, by account and age, make one row together. One of them tells the posts. */
  readonly statements: readonly string[];
  /** How many windows before the one measured a measure looks at. */
  readonly windowsBack: number;
  /** What a row measures; `before` is the row of the window before, `days` the length of a window. */
  measure(row: ScoreRow, before: ScoreRow | undefined, days: number): Measure;
}

/** A number that came as text, as 64-bit integers do; 0 where there is none. */
export const numberOf = (value: unknown): number => Number(value ?? 0);
