import { makePlcDid } from './identifiers.ts';
import { type Random, weightedPicker, zipfWeights } from './random.ts';
import { HANDLE_WORDS } from './vocabulary.ts';

/** What the network says about an account; all but `active` mean that it is hidden. */
export type AccountStatus =
  | 'active'
  | 'deactivated'
  | 'takendown'
  | 'suspended'
  | 'desynchronized'
  | 'throttled'
  | 'deleted';

/** One simulated account and what its repository needs to stay consistent. */
export interface Account {
  readonly did: string;
  handle: string;
  status: AccountStatus;
  hasProfile: boolean;
  /** The clock id its TIDs end with. */
  readonly clockId: number;
  /** Time of the last TID minted for it, in microseconds: the next one is later. */
  lastTidUs: number;
}

/** Every account numbered 7, 57, 107, ... lives on did:web. */
const WEB_EVERY = 50;
const WEB_OFFSET = 7;
const TRIES = 10;

/** The accounts of a world: slot 0 is the best known, slot n is n+1 times less known. */
export class Population {
  readonly accounts: Account[];
  readonly #random: Random;
  readonly #popular: () => number;
  readonly #inactive: Account[] = [];
  #born = 0;

  constructor(size: number, random: Random) {
    if (!Number.isInteger(size) || size < 2) throw new RangeError(`a world needs at least 2 accounts, not ${size}`);
    this.#random = random;
    this.accounts = Array.from({ length: size }, () => this.#give());
    this.#popular = weightedPicker(zipfWeights(size), random);
  }

  /** Accounts that are hidden and may come back. */
  get inactive(): readonly Account[] {
    return this.#inactive;
  }

  /** Somebody well known more often than somebody unknown, whatever their status. */
  known(): Account {
    return this.accounts[this.#popular()] as Account;
  }

  /** An active account that does something: half of all activity is spread evenly, half follows fame. */
  actor(): Account {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const account = this.#random.chance(0.5) ? this.#random.pick(this.accounts) : this.known();
      if (account.status === 'active') return account;
    }
    const active = this.accounts.find((account) => account.status === 'active');
    if (active === undefined) throw new Error('a world must keep an active account');
    return active;
  }

  /** Somebody known, but not this one. */
  other(account: Account): Account {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const found = this.known();
      if (found !== account) return found;
    }
    return this.accounts.find((found) => found !== account) as Account;
  }

  /** Hides an account. A deleted one leaves its slot to a newcomer, which is returned. */
  hide(account: Account, status: Exclude<AccountStatus, 'active'>): Account | undefined {
    account.status = status;
    if (status !== 'deleted') {
      this.#inactive.push(account);
      return undefined;
    }
    const newcomer = this.#give();
    this.accounts[this.accounts.indexOf(account)] = newcomer;
    return newcomer;
  }

  /** Brings a hidden account back, or returns undefined where none is hidden. */
  bringBack(): Account | undefined {
    if (this.#inactive.length === 0) return undefined;
    const [account] = this.#inactive.splice(this.#random.below(this.#inactive.length), 1);
    if (account !== undefined) account.status = 'active';
    return account;
  }

  /** A handle nobody else has: under the big host, or on a domain of one's own. */
  newHandle(): string {
    const name = `${this.#random.pick(HANDLE_WORDS)}-${this.#random.pick(HANDLE_WORDS)}${this.#random.below(100_000)}`;
    return this.#random.chance(0.85) ? `${name}.bsky.social` : `${name}.example.org`;
  }

  #give(): Account {
    const web = this.#born % WEB_EVERY === WEB_OFFSET % WEB_EVERY;
    this.#born += 1;
    return {
      did: web ? `did:web:${this.#random.pick(HANDLE_WORDS)}${this.#born}.example.com` : makePlcDid(this.#random),
      handle: this.newHandle(),
      status: 'active',
      hasProfile: false,
      clockId: this.#random.below(1024),
      lastTidUs: 0,
    };
  }
}
