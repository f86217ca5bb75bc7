import { makeTid } from '#testing/simulator/identifiers.ts';

/** When and under which key a record is made. */
export interface Making {
  /** When the frame is seen, in milliseconds since 1970. */
  readonly atMs: number;
  /** Time in the record's key; `atMs` unless told. */
  readonly keyMs?: number | undefined;
  /** A whole key instead. */
  readonly rkey?: string | undefined;
}

/** A post's own fields. `createdAt` as it stands in the record; absent unless told. */
export interface PostFields {
  readonly text?: string;
  readonly createdAt?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly quote?: string | undefined;
  readonly mentions?: readonly string[];
}

interface Written {
  readonly timeUs: number;
  readonly text: string;
}

const postCollection = 'app.bsky.feed.post';
/** Frames within one millisecond are told apart by their microseconds. */
const usPerMs = 1_000;

/** Tells a network's life as frames of the wire: every act at the moment it is given, in whatever order it is told. */
export class Story {
  readonly #written: Written[] = [];
  #acts = 0;

  /** The frames in the order of their times. */
  frames(): string[] {
    return this.#written.toSorted((one, other) => one.timeUs - other.timeUs).map(({ text }) => text);
  }

  #us(atMs: number): number {
    this.#acts += 1;
    return atMs * usPerMs + (this.#acts % usPerMs);
  }

  #write(did: string, timeUs: number, body: object): void {
    this.#written.push({ timeUs, text: JSON.stringify({ did, time_us: timeUs, ...body }) });
  }

  #commit(uri: string, timeUs: number, operation: string, record?: object): void {
    const [did = '', collection = '', rkey = ''] = uri.slice('at://'.length).split('/');
    const content = record === undefined ? {} : { record: { $type: collection, ...record }, cid: 'bafyreib' };
    const commit = { rev: makeTid(timeUs, 0), operation, collection, rkey, ...content };
    this.#write(did, timeUs, { kind: 'commit', commit });
  }

  #create(did: string, collection: string, { atMs, keyMs, rkey }: Making, record: object): string {
    const timeUs = this.#us(atMs);
    const key = rkey ?? makeTid(keyMs === undefined ? timeUs : keyMs * usPerMs, this.#acts % 1024);
    const uri = `at://${did}/${collection}/${key}`;
    this.#commit(uri, timeUs, 'create', record);
    return uri;
  }

  /** Each returns the uri of the record it makes. */
  post(author: string, making: Making, fields: PostFields = {}): string {
    return this.#create(author, postCollection, making, postRecord(fields));
  }

  like(actor: string, uri: string, making: Making): string {
    return this.#create(actor, 'app.bsky.feed.like', making, { subject: { uri, cid: 'x' } });
  }

  repost(actor: string, uri: string, making: Making): string {
    return this.#create(actor, 'app.bsky.feed.repost', making, { subject: { uri, cid: 'x' } });
  }

  follow(actor: string, subject: string, making: Making): string {
    return this.#create(actor, 'app.bsky.graph.follow', making, { subject });
  }

  block(actor: string, subject: string, making: Making): string {
    return this.#create(actor, 'app.bsky.graph.block', making, { subject });
  }

  profile(did: string, atMs: number, createdAt?: string): string {
    const record = { displayName: did, ...(createdAt === undefined ? {} : { createdAt }) };
    return this.#create(did, 'app.bsky.actor.profile', { atMs, rkey: 'self' }, record);
  }

  /** Deletes any record. */
  remove(uri: string, atMs: number): void {
    this.#commit(uri, this.#us(atMs), 'delete');
  }

  /** Puts a post in place of what stood under its key. */
  editPost(uri: string, atMs: number, fields: PostFields): void {
    this.#commit(uri, this.#us(atMs), 'update', postRecord(fields));
  }

  /** Puts a like or repost, of this subject, under a key that may have been used before. */
  put(uri: string, atMs: number, subject: string): void {
    this.#commit(uri, this.#us(atMs), 'create', { subject: { uri: subject, cid: 'x' } });
  }

  account(did: string, atMs: number, active: boolean): void {
    const time = new Date(atMs).toISOString();
    const state = active ? { active } : { active, status: 'deactivated' };
    this.#write(did, this.#us(atMs), { kind: 'account', account: { did, seq: 1, time, ...state } });
  }

  identity(did: string, atMs: number, handle: string): void {
    const time = new Date(atMs).toISOString();
    this.#write(did, this.#us(atMs), { kind: 'identity', identity: { did, seq: 1, time, handle } });
  }
}

const postRecord = ({ text = 'a post', createdAt, replyTo, quote, mentions = [] }: PostFields): object => {
  const ref = (uri: string): object => ({ uri, cid: 'x' });
  const features = mentions.map((did) => ({ $type: 'app.bsky.richtext.facet#mention', did }));
  return {
    text,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(replyTo === undefined ? {} : { reply: { parent: ref(replyTo), root: ref(replyTo) } }),
    ...(quote === undefined ? {} : { embed: { $type: 'app.bsky.embed.record', record: ref(quote) } }),
    ...(features.length === 0 ? {} : { facets: [{ index: { byteStart: 0, byteEnd: 1 }, features }] }),
  };
};
