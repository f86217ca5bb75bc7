import type { TransportFault } from '#testing/simulator/transport-faults.ts';
import { createRandom, type Random } from '#testing/simulator/random.ts';

/** How one life of the indexer ends: at the n-th time a flush passes a point, or so long after it began to read. */
export type Kill =
  | { readonly at: 'point'; readonly point: string; readonly hit: number }
  | { readonly at: 'time'; readonly afterMs: number };

/** Everything that a seed decides. */
export interface Plan {
  readonly seed: number;
  /** One life each; after them the indexer is left to finish. */
  readonly kills: readonly Kill[];
  readonly accounts: number;
  /** Frames that are there before the indexer first starts. */
  readonly historyFrames: number;
  /** Frames a second that come while it lives. */
  readonly liveRate: number;
  readonly hostile: number;
  readonly faults: readonly TransportFault[];
  /** A second host, its clock a little off. */
  readonly secondHost: boolean;
  /** Before this life Redis forgets everything; -1: never. */
  readonly wipeBeforeLife: number;
  readonly maxEvents: number;
  readonly maxAgeMs: number;
}

const points = [
  'sealed',
  'inserted:repo_records',
  'inserted:actors',
  'inserted:odd_keys',
  'inserted:posts',
  'inserted:profiles',
  'inserted:lists',
  'inserted:list_items',
  'inserted:feed_generators',
  'inactive',
  'inserted:edges',
  'inserted:record_revisions',
  'inserted:dead_letters',
  'resolved',
  'logged',
  'saved',
];

const killOf = (random: Random): Kill =>
  random.chance(0.65)
    ? { at: 'point', point: random.pick(points), hit: random.between(1, 8) }
    : { at: 'time', afterMs: random.below(1_500) };

/** Endings befall the first connections only: a host that drops each one within the rewind would never let anybody pass. */
const faultsOf = (random: Random): TransportFault[] => {
  const once = () => ({ connection: random.between(1, 5), afterFrames: random.between(0, 3_000) });
  const all: TransportFault[] = [
    { kind: 'close', ...once() },
    { kind: 'drop', ...once() },
    { kind: 'drop', ...once() },
    { kind: 'stall', ...once(), pings: random.chance(0.5) },
    { kind: 'invalid-utf8', ...once() },
    { kind: 'refuse', connection: random.between(2, 5) },
    { kind: 'duplicate', everyFrames: 50, frames: 20 },
    { kind: 'time-back', everyFrames: 40, backUs: 20_000 },
    { kind: 'binary', everyFrames: 400 },
  ];
  return all.filter(() => random.chance(0.35));
};

/** The same for the same seed, everywhere. */
export const planOf = (seed: number): Plan => {
  const random = createRandom(seed * 7_919 + 17);
  const kills = Array.from({ length: random.between(1, 4) }, () => killOf(random));
  return {
    seed,
    kills,
    accounts: random.between(15, 200),
    historyFrames: random.between(500, 4_000),
    liveRate: random.between(100, 800),
    hostile: random.chance(0.4) ? 0.15 : 0,
    faults: faultsOf(random),
    secondHost: random.chance(0.25),
    wipeBeforeLife: random.chance(0.2) ? random.between(1, kills.length) : -1,
    maxEvents: random.between(100, 900),
    maxAgeMs: random.between(30, 300),
  };
};
