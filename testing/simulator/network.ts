import { goJson, type Json, type JsonObject } from './go-json.ts';
import { makeBlobCid, makeRecordCid, makeTid } from './identifiers.ts';
import { type Account, Population } from './population.ts';
import { Pool } from './pool.ts';
import type { Random } from './random.ts';
import { Schedule } from './schedule.ts';

/** A record somebody can point at. */
export interface RecordRef {
  account: Account;
  uri: string;
  cid: string;
}

/** A post that can be liked, quoted and answered; `root` is undefined for the first post of a thread. */
export interface LivePost extends RecordRef {
  rkey: string;
  root: { uri: string; cid: string } | undefined;
}

/** A record that exists and may be changed or deleted later. `subject` is what it points at, as the record holds it. */
export interface LiveRecord {
  account: Account;
  collection: string;
  rkey: string;
  subject: Json;
}

/** One change to one record. `rev` is minted unless the change belongs to a commit that began earlier. */
export interface Change {
  account: Account;
  operation: 'create' | 'update' | 'delete';
  collection: string;
  rkey: string;
  record?: JsonObject;
  cid?: string;
  rev?: string;
}

const POSTS_KEPT = 20_000;
const RECORDS_KEPT = 20_000;
const SMALL_KEPT = 2_000;

/** Everything the simulated network remembers, and the only place that mints keys and writes frames. */
export class Network {
  readonly random: Random;
  readonly population: Population;
  readonly schedule = new Schedule<Act>();
  readonly posts = new Pool<LivePost>(POSTS_KEPT);
  readonly likes = new Pool<LiveRecord>(RECORDS_KEPT);
  readonly reposts = new Pool<LiveRecord>(RECORDS_KEPT);
  readonly follows = new Pool<LiveRecord>(RECORDS_KEPT);
  readonly blocks = new Pool<LiveRecord>(SMALL_KEPT);
  readonly lists = new Pool<RecordRef>(SMALL_KEPT);
  readonly generators = new Pool<RecordRef & { rkey: string }>(SMALL_KEPT);
  /** List items, gates, records of other applications: things that only get deleted. */
  readonly others = new Pool<LiveRecord>(SMALL_KEPT);
  /** The time stamped on the next frame, in microseconds. */
  nowUs: number;
  /** When the world began, in microseconds: what is older was never seen. */
  readonly beganUs: number;
  /** The key the next post gets instead of a TID, for odd keys on demand. */
  forcedRkey: string | undefined;
  #seq = 1_000_000;

  constructor(random: Random, accounts: number, startUs: number) {
    this.random = random;
    this.population = new Population(accounts, random);
    this.nowUs = startUs;
    this.beganUs = startUs;
  }

  /** A new TID for a record of this account: later than every earlier key and rev of its repository. */
  mintTid(account: Account): string {
    return this.#mint(account, this.random.between(2_000, 400_000));
  }

  /** A new rev for a commit of this account: later than every earlier one and than the keys minted before it. */
  mintRev(account: Account): string {
    return this.#mint(account, this.random.below(1_000));
  }

  #mint(account: Account, agoUs: number): string {
    account.lastTidUs = Math.max(this.nowUs - agoUs, account.lastTidUs + 1);
    return makeTid(account.lastTidUs, account.clockId);
  }

  /** When the author's client says that it happened: shortly before now, now and then in a rarer spelling. */
  createdAt(): string {
    const written = new Date(Math.floor(this.nowUs / 1000) - this.random.between(150, 3_000)).toISOString();
    const spelling = this.random.float();
    if (spelling < 0.985) return written;
    if (spelling < 0.99) return `${written.slice(0, 23)}${this.random.between(100, 999)}Z`;
    if (spelling < 0.995) return `${written.slice(0, 23)}+00:00`;
    return `${new Date(Date.parse(written) + 9 * 3_600_000).toISOString().slice(0, 23)}+09:00`;
  }

  newCid(): string {
    return makeRecordCid(this.random);
  }

  /** A blob as records hold it, now and then in the oldest form. */
  blob(mimeType: string, maxBytes: number): JsonObject {
    if (this.random.chance(0.01)) return { cid: makeBlobCid(this.random), mimeType };
    const size = this.random.between(1_000, maxBytes);
    return { $type: 'blob', ref: { $link: makeBlobCid(this.random) }, mimeType, size };
  }

  /** Writes the frame of one change. */
  commit(change: Change): string {
    const { account, operation, collection, rkey } = change;
    const rev = change.rev ?? this.mintRev(account);
    const head =
      `{"did":"${account.did}","time_us":${this.nowUs},"kind":"commit","commit":{"rev":"${rev}",` +
      `"operation":"${operation}","collection":"${collection}","rkey":"${rkey}"`;
    if (change.record === undefined) return `${head}}}`;
    return `${head},"record":${goJson(change.record)},"cid":"${change.cid ?? this.newCid()}"}}`;
  }

  /** Writes the frame of an identity event; without a handle when it is undefined. */
  identity(account: Account, handle: string | undefined): string {
    const named = handle === undefined ? '' : `"handle":"${handle}",`;
    return (
      `{"did":"${account.did}","time_us":${this.nowUs},"kind":"identity","identity":{"did":"${account.did}",${named}` +
      `"seq":${this.#nextSeq()},"time":"${this.#serverTime()}"}}`
    );
  }

  /** Writes the frame of an account event; without a status when it is undefined. */
  accountEvent(account: Account, active: boolean, status: string | undefined): string {
    const named = status === undefined ? '' : `"status":"${status}",`;
    return (
      `{"did":"${account.did}","time_us":${this.nowUs},"kind":"account","account":{"active":${active},` +
      `"did":"${account.did}","seq":${this.#nextSeq()},${named}"time":"${this.#serverTime()}"}}`
    );
  }

  #nextSeq(): number {
    this.#seq += this.random.between(1, 40);
    return this.#seq;
  }

  #serverTime(): string {
    return new Date(Math.floor(this.nowUs / 1000) - this.random.between(10, 500)).toISOString();
  }
}

/** Something that happens: the frame it wrote, or undefined where the world has nothing for it yet. */
export type Act = (network: Network) => string | undefined;
