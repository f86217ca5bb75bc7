import { account, identity, profile } from './account-acts.ts';
import { BLOCK, bulkFollow, FOLLOW, LIKE, pointAt, REPOST, retarget } from './engagement.ts';
import { CHANGES, REWRITES } from './damage.ts';
import { FAULT_NAMES, type FaultName } from './fault-names.ts';
import { goJson, type Json } from './go-json.ts';
import { addToList, foreign, makeGenerator, makeList } from './lists.ts';
import { type Act, Network } from './network.ts';
import type { AccountStatus } from './population.ts';
import { createPostActs } from './posts.ts';
import { createRandom, weightedPicker } from './random.ts';
import { createRemoval } from './removals.ts';

/** One frame of the simulated stream. */
export interface SimFrame {
  /** The JSON text as it goes over the wire. */
  text: string;
  /** When the frame was sent, in microseconds; equal to the `time_us` in the text unless that is what is damaged. */
  timeUs: number;
  /** `ok`, or the damage that was done to it. */
  kind: 'ok' | FaultName;
}

/** What happens how often, as weights against each other. */
export interface Mix {
  like: number;
  post: number;
  repost: number;
  follow: number;
  /** Follows of many accounts in one commit: each frame of it counts as one more. */
  bulkFollow: number;
  remove: number;
  block: number;
  profile: number;
  editPost: number;
  /** A like put again under its key with another subject. */
  retargetLike: number;
  list: number;
  listItem: number;
  generator: number;
  /** Records of other applications. */
  foreign: number;
  identity: number;
  account: number;
}

/** A day on the network, roughly: six likes of ten events. */
export const DEFAULT_MIX: Readonly<Mix> = {
  like: 58,
  post: 12,
  repost: 8.6,
  follow: 7.6,
  bulkFollow: 0.1,
  remove: 4.2,
  block: 0.9,
  profile: 0.9,
  editPost: 0.15,
  retargetLike: 0.08,
  list: 0.12,
  listItem: 0.4,
  generator: 0.08,
  foreign: 1.6,
  identity: 0.5,
  account: 0.5,
};

/** Damaged content: how often, and which kinds (all of them by default). */
export interface HostileOptions {
  /** Chance that a frame is damaged, from 0 to 1. The later parts of a commit of several records are spared. */
  probability: number;
  faults?: readonly FaultName[];
}

/** How to make a world. */
export interface WorldOptions {
  /** Same seed and same options: same frames, byte for byte, everywhere. */
  seed: number;
  /** Number of accounts, at least 2; deleted ones are replaced by newcomers. */
  accounts: number;
  /** Time before the first frame, in microseconds since 1970. */
  startUs: number;
  /** Mean rate that the world's own clock runs at. */
  eventsPerSecond: number;
  mix?: Partial<Mix>;
  hostile?: HostileOptions;
}

/** An account as others see it. */
export interface WorldAccount {
  did: string;
  handle: string;
  status: AccountStatus;
}

/** A simulated network that goes on for as long as it is asked, in bounded memory. */
export interface World {
  /**
   * The next frame. Its time moves on by the world's own rate, or to `atUs` where given (never back: always at
   * least 1 µs after the frame before).
   */
  next(atUs?: number): SimFrame;
  /** Time of the last frame, in microseconds. */
  nowUs(): number;
  /** The accounts of now, the best known first. */
  accounts(): readonly WorldAccount[];
}

const ATTEMPTS = 200;
const MAX_STEP_BACK_US = 30_000;
/** Which damage needs which frame; the rest is done to whatever comes next. */
const NEEDS: Partial<Record<FaultName, 'post' | 'like' | 'create'>> = {
  'huge-record': 'post',
  'long-line': 'post',
  'deep-nesting': 'create',
  'proto-key': 'create',
  'nul-in-text': 'post',
  'lone-surrogate': 'post',
  'created-future': 'create',
  'created-ancient': 'create',
  'created-no-ms': 'create',
  'created-no-zone': 'create',
  'created-missing': 'create',
  'created-garbage': 'create',
  'rkey-not-tid': 'post',
  'rkey-long': 'post',
  'rkey-invalid': 'create',
  'uri-nonsense': 'like',
  'unknown-operation': 'create',
};

class SimWorld implements World {
  readonly #network: Network;
  readonly #gapUs: number;
  readonly #hostile: HostileOptions | undefined;
  readonly #choose: () => number;
  readonly #acts: readonly Act[];
  readonly #post: () => string;
  readonly #like = pointAt(LIKE);
  #last: SimFrame | undefined;

  constructor(options: WorldOptions) {
    if (!(options.eventsPerSecond > 0)) throw new RangeError('eventsPerSecond must be above zero');
    const random = createRandom(options.seed);
    const network = new Network(random, options.accounts, Math.floor(options.startUs));
    const { post, edit } = createPostActs(network);
    const acts: Record<keyof Mix, Act> = {
      like: this.#like,
      post,
      repost: pointAt(REPOST),
      follow: pointAt(FOLLOW),
      bulkFollow,
      remove: createRemoval(network),
      block: pointAt(BLOCK),
      profile,
      editPost: edit,
      retargetLike: retarget,
      list: makeList,
      listItem: addToList,
      generator: makeGenerator,
      foreign,
      identity,
      account,
    };
    const mix = { ...DEFAULT_MIX, ...options.mix };
    const names = Object.keys(acts) as (keyof Mix)[];
    this.#network = network;
    this.#post = post;
    this.#gapUs = 1_000_000 / options.eventsPerSecond;
    this.#hostile = options.hostile;
    this.#acts = names.map((name) => acts[name]);
    this.#choose = weightedPicker(
      names.map((name) => mix[name]),
      random,
    );
  }

  next(atUs?: number): SimFrame {
    const network = this.#network;
    const step = Math.max(1, Math.round(this.#gapUs * (0.2 + 1.6 * network.random.float())));
    network.nowUs = atUs === undefined ? network.nowUs + step : Math.max(network.nowUs + 1, Math.floor(atUs));
    network.schedule.tick();
    const hostile = network.schedule.pressing ? undefined : this.#hostile;
    const damaged = hostile !== undefined && network.random.chance(hostile.probability);
    const frame = damaged
      ? this.#damaged(network.random.pick(hostile.faults ?? FAULT_NAMES))
      : { text: this.#ordinary(), timeUs: network.nowUs, kind: 'ok' as const };
    this.#last = frame.kind === 'duplicate' ? this.#last : frame;
    return frame;
  }

  nowUs(): number {
    return this.#network.nowUs;
  }

  accounts(): readonly WorldAccount[] {
    return this.#network.population.accounts.map(({ did, handle, status }) => ({ did, handle, status }));
  }

  #ordinary(): string {
    const network = this.#network;
    for (let due = network.schedule.take(); due !== undefined; due = network.schedule.take()) {
      const text = due(network);
      if (text !== undefined) return text;
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const text = this.#acts[this.#choose()]?.(network);
      if (text !== undefined) return text;
    }
    return this.#post();
  }

  #damaged(kind: FaultName): SimFrame {
    const network = this.#network;
    const { random, nowUs: timeUs } = network;
    if (kind === 'duplicate' && this.#last !== undefined) return { ...this.#last, kind };
    if (kind === 'time-back') return this.#stepBack(random.between(1, MAX_STEP_BACK_US));
    if (kind === 'identity-without-handle') {
      return { text: network.identity(network.population.actor(), undefined), timeUs, kind };
    }
    if (kind === 'rkey-not-tid') network.forcedRkey = `odd_${random.bits().toString(36)}.:~-`;
    if (kind === 'rkey-long') network.forcedRkey = `${random.bits().toString(36)}-`.padEnd(512, 'long-key.');
    const text = this.#base(kind);
    const rewrite = REWRITES[kind];
    if (rewrite !== undefined) return { text: rewrite(text, random), timeUs, kind };
    const change = CHANGES[kind];
    if (change === undefined) return { text, timeUs, kind };
    const frame = JSON.parse(text) as { [key: string]: Json };
    change(frame, random);
    return { text: goJson(frame), timeUs, kind };
  }

  /** A sound frame of the sort that this damage needs. */
  #base(kind: FaultName): string {
    const need = NEEDS[kind];
    if (need === undefined) return this.#ordinary();
    if (need === 'post') return this.#post();
    if (need === 'like' || this.#network.random.chance(0.6)) return this.#like(this.#network);
    return this.#post();
  }

  #stepBack(byUs: number): SimFrame {
    const network = this.#network;
    const nowUs = network.nowUs;
    network.nowUs = nowUs - byUs;
    const frame = { text: this.#ordinary(), timeUs: network.nowUs, kind: 'time-back' as const };
    network.nowUs = nowUs;
    return frame;
  }
}

/** Makes a world; nothing in it depends on the machine's clock or on chance outside the seed. */
export const createWorld = (options: WorldOptions): World => new SimWorld(options);
