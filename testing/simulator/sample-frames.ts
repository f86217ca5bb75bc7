import { createWorld, type SimFrame, type WorldOptions } from './world.ts';

/** When the worlds of the tests begin, in microseconds. */
export const START_US = 1_780_000_000_000_000;

/** The first frames of a world of 800 accounts. */
export const frames = (count: number, options: Partial<WorldOptions> = {}): SimFrame[] => {
  const world = createWorld({ seed: 7, accounts: 800, startUs: START_US, eventsPerSecond: 500, ...options });
  return Array.from({ length: count }, () => world.next());
};

/** A frame as loosely as a test needs it. */
export interface Parsed {
  did: string;
  time_us: number;
  kind: string;
  commit?: {
    rev: string;
    operation: string;
    collection: string;
    rkey: string;
    cid?: string;
    record?: Record<string, never>;
  };
  identity?: { did: string; handle?: string; seq: number; time: string };
  account?: { did: string; active: boolean; status?: string; seq: number; time: string };
}

/** The frames, read as JSON. */
export const parsed = (all: readonly SimFrame[]): Parsed[] => all.map((frame) => JSON.parse(frame.text) as Parsed);

/** A commit together with its author. */
export type Commit = NonNullable<Parsed['commit']> & { did: string };

/** The commits among some events. */
export const commitsOf = (events: readonly Parsed[]): Commit[] =>
  events.flatMap((event) => (event.commit === undefined ? [] : [{ ...event.commit, did: event.did }]));
