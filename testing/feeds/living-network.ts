import { makeTid } from '#testing/simulator/identifiers.ts';
import type { Random } from '#testing/simulator/random.ts';

const POST = 'app.bsky.feed.post';
const hourUs = 3_600_000_000;
/** Of the authors, the first are those whom `quiet` is about: they hardly post. */
const RARELY = 8;
const LANGS = [['en'], ['pt'], ['en', 'ja'], []] as const;

export interface MadePost {
  readonly uri: string;
  readonly author: string;
}

/** A small network that goes on: its acts as frames of the wire, and what of it went away at any time. */
export class LivingNetwork {
  readonly posts: MadePost[] = [];
  /** Posts that were deleted, and accounts that were away, at any moment since the beginning. */
  readonly everDeleted = new Set<string>();
  readonly everAway = new Set<string>();
  readonly away = new Set<string>();
  readonly #random: Random;
  readonly #dids: readonly string[];
  #frames: string[] = [];
  #us: number;

  constructor(dids: readonly string[], random: Random, nowMs: number) {
    this.#dids = dids;
    this.#random = random;
    this.#us = nowMs * 1000;
  }

  /** What was told since the last time. */
  frames(): string[] {
    const told = this.#frames;
    this.#frames = [];
    return told;
  }

  /** Tells what follows as happening now; never goes back. */
  now(nowMs: number): void {
    this.#us = Math.max(this.#us + 1, nowMs * 1000);
  }

  #tell(did: string, body: object): void {
    this.#us += 1;
    this.#frames.push(JSON.stringify({ did, time_us: this.#us, ...body }));
  }

  #commit(uri: string, operation: string, record?: object): void {
    const [did = '', collection = '', rkey = ''] = uri.slice('at://'.length).split('/');
    const content = record === undefined ? {} : { record: { $type: collection, ...record }, cid: 'bafyreib' };
    const rev = makeTid(this.#us + 1, 0);
    this.#tell(did, { kind: 'commit', commit: { rev, operation, collection, rkey, ...content } });
  }

  #create(did: string, collection: string, record: object): string {
    const uri = `at://${did}/${collection}/${makeTid(this.#us + 1, this.#random.below(1024))}`;
    this.#commit(uri, 'create', record);
    return uri;
  }

  post(author: string, record: object = {}): string {
    const text = this.#random.chance(0.5) ? 'about cats' : 'about dogs';
    const uri = this.#create(author, POST, { text, langs: this.#random.pick(LANGS), ...record });
    this.posts.push({ uri, author });
    return uri;
  }

  /** Puts another record in the post's place. */
  edit(uri: string, record: object): void {
    this.#commit(uri, 'update', { text: 'about cats', langs: ['en'], ...record });
  }

  like(actor: string, uri: string): void {
    this.#create(actor, 'app.bsky.feed.like', { subject: { uri, cid: 'x' } });
  }

  repost(actor: string, uri: string): void {
    this.#create(actor, 'app.bsky.feed.repost', { subject: { uri, cid: 'x' } });
  }

  follow(actor: string, subject: string): void {
    this.#create(actor, 'app.bsky.graph.follow', { subject });
  }

  remove(uri: string): void {
    this.everDeleted.add(uri);
    this.#commit(uri, 'delete');
  }

  setActive(did: string, active: boolean): void {
    if (!active) this.everAway.add(did);
    if (active) this.away.delete(did);
    else this.away.add(did);
    const time = new Date(this.#us / 1000).toISOString();
    const state = active ? { active } : { active, status: 'deactivated' };
    this.#tell(did, { kind: 'account', account: { did, seq: 1, time, ...state } });
  }

  #stranger = (did: string): string => {
    const other = this.#random.pick(this.#dids);
    return other === did ? this.#stranger(did) : other;
  };

  /** A post of the last ones, so that they collect likes. */
  #recent(): MadePost {
    const last = this.posts.slice(-400);
    return this.#random.pick(last);
  }

  /** The past: who follows whom, and the posts of the last hours with what others thought of them. */
  begin({ posts, reactions, hours }: { posts: number; reactions: number; hours: number }): void {
    const random = this.#random;
    const end = this.#us;
    this.#us -= (hours + 1) * hourUs;
    for (const did of this.#dids)
      for (const other of this.#dids) if (did !== other && random.chance(0.7)) this.follow(did, other);
    const busy = this.#dids.slice(RARELY);
    for (let n = 0; n < posts; n += 1) {
      this.now((end - (hours - (hours * n) / posts) * hourUs) / 1000);
      this.post(n % 12 === 0 ? (this.#dids[(n / 12) % RARELY] as string) : random.pick(busy));
    }
    this.now(end / 1000 - 600_000);
    for (let n = 0; n < reactions; n += 1) this.#react();
    this.now(end / 1000);
  }

  #react(): void {
    const { uri, author } = this.#recent();
    const actor = this.#stranger(author);
    if (this.#random.chance(0.8)) this.like(actor, uri);
    else this.repost(actor, uri);
  }

  /** Life goes on: so many acts. */
  live(acts: number): void {
    const random = this.#random;
    for (let n = 0; n < acts; n += 1) {
      const what = random.below(20);
      if (what < 12) this.#react();
      else if (what < 17) this.post(random.pick(this.#dids));
      else if (what < 19) this.remove(this.#recent().uri);
      else this.#comeOrGo();
    }
  }

  /** No more than a few are away at a time, or nothing would be left. */
  #comeOrGo(): void {
    const [back] = this.away;
    if (back !== undefined && (this.away.size > 1 || this.#random.chance(0.5))) this.setActive(back, true);
    else this.setActive(this.#random.pick(this.#dids), false);
  }
}
