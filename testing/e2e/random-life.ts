import { AtUri } from '@atproto/api';
import { collections } from '../../pkg/atproto/collections.ts';
import { createRandom, type Random, weightedPicker } from '../simulator/random.ts';
import { authorOf, LifeLedger, type Post, type Ref, type Related, type Relation } from './life-ledger.ts';
import type { Account, Network } from './network.ts';

const WEIGHTS = {
  post: 12,
  reply: 14,
  quote: 7,
  like: 32,
  repost: 11,
  follow: 7,
  unlike: 7,
  unrepost: 3,
  unfollow: 4,
  unpost: 5,
};

type Kind = keyof typeof WEIGHTS;
const KINDS = Object.keys(WEIGHTS) as Kind[];

const MOST_WRITES_AT_ONCE = 20;
/** Before how many of the commits somebody leaves or returns. */
const COMINGS_AND_GOINGS = 0.03;
const MOST_INACTIVE = 3;

interface Create {
  readonly $type: 'com.atproto.repo.applyWrites#create';
  readonly collection: string;
  readonly value: { [key: string]: unknown };
}

interface Delete {
  readonly $type: 'com.atproto.repo.applyWrites#delete';
  readonly collection: string;
  readonly rkey: string;
}

/** One write, and what to note once the PDS has named what it made. */
interface Plan {
  readonly write: Create | Delete;
  noted?(made: Ref): void;
}

/**
 * Accounts that post, like, follow and take back at random, and now and then deactivate themselves and return. They also do
 * what the apps never do and the network allows: like the same post twice, answer and quote posts that are gone.
 */
export class RandomLife {
  readonly ledger: LifeLedger;
  /** How often each thing was done. */
  readonly done: Record<Kind | 'deactivate' | 'reactivate', number>;
  readonly #network: Network;
  readonly #random: Random;
  readonly #pickKind: () => number;
  readonly #inactive = new Set<Account>();
  #written = 0;

  constructor(network: Network, seed: number) {
    this.#network = network;
    this.ledger = new LifeLedger(network.accounts.map((account) => account.did));
    this.#random = createRandom(seed);
    this.#pickKind = weightedPicker(Object.values(WEIGHTS), this.#random);
    const kinds = [...KINDS, 'deactivate', 'reactivate'] as const;
    this.done = Object.fromEntries(kinds.map((kind) => [kind, 0])) as typeof this.done;
  }

  /** Who is deactivated now. */
  get inactive(): readonly Account[] {
    return [...this.#inactive];
  }

  /** Does so many things, one account after the other. */
  async live(operations: number): Promise<void> {
    for (let left = operations; left > 0;) {
      if (this.#random.chance(COMINGS_AND_GOINGS)) {
        await this.#comeOrGo();
        left -= 1;
      }
      const count = Math.min(left, this.#random.between(1, MOST_WRITES_AT_ONCE));
      await this.#act(this.#random.pick(this.#active()), count);
      left -= count;
    }
  }

  async deactivate(account: Account): Promise<void> {
    await account.agent.com.atproto.server.deactivateAccount({});
    this.#inactive.add(account);
    this.done.deactivate += 1;
  }

  async reactivate(account: Account): Promise<void> {
    await account.agent.com.atproto.server.activateAccount();
    this.#inactive.delete(account);
    this.done.reactivate += 1;
  }

  #active(): Account[] {
    return this.#network.accounts.filter((account) => !this.#inactive.has(account));
  }

  async #comeOrGo(): Promise<void> {
    const { inactive } = this;
    const isReturn = inactive.length === MOST_INACTIVE || (inactive.length > 0 && this.#random.chance(0.5));
    if (isReturn) await this.reactivate(this.#random.pick(inactive));
    else await this.deactivate(this.#random.pick(this.#active()));
  }

  /** All in one commit. */
  async #act(account: Account, count: number): Promise<void> {
    const plans = Array.from({ length: count }, () => this.#plan(account, KINDS[this.#pickKind()] ?? 'post'));
    const writes = plans.map((plan) => plan.write);
    const { data } = await account.agent.com.atproto.repo.applyWrites({ repo: account.did, writes });
    for (const [index, plan] of plans.entries()) {
      const made = data.results?.[index];
      if (made !== undefined && 'uri' in made) plan.noted?.({ uri: made.uri, cid: made.cid });
    }
  }

  /** Where there is nothing to do it to, a post instead. */
  #plan(account: Account, wanted: Kind): Plan {
    const plan = this.#planFor(account, wanted);
    this.done[plan === undefined ? 'post' : wanted] += 1;
    return plan ?? this.#post({});
  }

  #planFor(account: Account, kind: Kind): Plan | undefined {
    switch (kind) {
      case 'post':
        return this.#post({});
      case 'reply':
        return this.#reply();
      case 'quote': {
        const quoted = this.#somePost();
        const embed = quoted && { $type: 'app.bsky.embed.record', record: refOf(quoted) };
        return quoted && this.#post({ embed }, { quoted });
      }
      case 'like':
      case 'repost': {
        const subject = this.#somePost();
        return subject && this.#relate(account, kind, subject);
      }
      case 'follow':
        return this.#relate(account, 'follow', this.#random.pick(this.#network.accounts));
      case 'unlike':
        return this.#takeBack(account, 'like');
      case 'unrepost':
        return this.#takeBack(account, 'repost');
      case 'unfollow':
        return this.#takeBack(account, 'follow');
      case 'unpost':
        return this.#deletePost(account);
    }
  }

  #reply(): Plan | undefined {
    const parent = this.#somePost();
    if (parent === undefined) return undefined;
    const root = parent.root ?? parent;
    return this.#post({ reply: { root: refOf(root), parent: refOf(parent) } }, { parent, root });
  }

  #post(more: { [key: string]: unknown }, points: Omit<Post, keyof Ref> = {}): Plan {
    this.#written += 1;
    // No two alike: the AppView tells quotes by the hash of what is quoted.
    const value = { text: `Words & more words <${this.#written}>`, ...more };
    return { write: create('post', value), noted: (made) => this.ledger.addPost({ ...made, ...points }) };
  }

  /**
   * The same subject twice at most. The test AppView keeps the second and the third aside as copies of the first; when the first
   * and then the copy that took its place are taken back, what is left is not found any more.
   */
  #relate(account: Account, relation: Relation, to: Post | Account): Plan | undefined {
    const own = this.ledger.ownOf(account.did, relation);
    const [name, subject] = 'did' in to ? [to.did, to.did] : [to.uri, refOf(to)];
    if (own.filter((each) => each.subject === name).length >= 2) return undefined;
    const related: Related = { subject: name };
    own.push(related);
    return {
      write: create(relation, { subject }),
      noted: ({ uri }) => {
        related.uri = uri;
      },
    };
  }

  #takeBack(account: Account, relation: Relation): Plan | undefined {
    const own = this.ledger.ownOf(account.did, relation);
    const there = own.filter((each) => each.uri !== undefined);
    if (there.length === 0) return undefined;
    const related = this.#random.pick(there);
    own.splice(own.indexOf(related), 1);
    return { write: remove(relation, related.uri ?? '') };
  }

  #deletePost(account: Account): Plan | undefined {
    const own = this.ledger.posts.filter(({ uri }) => authorOf(uri) === account.did);
    if (own.length === 0) return undefined;
    const post = this.#random.pick(own);
    this.ledger.deletePost(post);
    return { write: remove('post', post.uri) };
  }

  /** Mostly one of the newest, so that some are liked by all; rarely one that is gone. */
  #somePost(): Post | undefined {
    const { posts, gone } = this.ledger;
    if (gone.length > 0 && this.#random.chance(0.03)) return this.#random.pick(gone);
    const among = this.#random.chance(0.7) ? posts.slice(-40) : posts;
    return among.length === 0 ? undefined : this.#random.pick(among);
  }
}

const refOf = ({ uri, cid }: Ref): Ref => ({ uri, cid });

const create = (kind: Relation | 'post', value: { [key: string]: unknown }): Create => ({
  $type: 'com.atproto.repo.applyWrites#create',
  collection: collections[kind],
  value: { $type: collections[kind], createdAt: new Date().toISOString(), ...value },
});

const remove = (kind: Relation | 'post', uri: string): Delete => ({
  $type: 'com.atproto.repo.applyWrites#delete',
  collection: collections[kind],
  rkey: new AtUri(uri).rkey,
});
