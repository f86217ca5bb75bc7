import { AtUri } from '@atproto/api';
import type { Account, Network } from './network.ts';

/** A post, and who did what to it, as far as it stands. */
export interface WorldPost {
  readonly uri: string;
  readonly cid: string;
  readonly author: string;
  readonly text: string;
  readonly isReply: boolean;
  readonly likes: Set<string>;
  /** At-uris of the reposts, by who made them. */
  readonly reposts: Map<string, string>;
  readonly repliers: Set<string>;
}

/** Everybody there is: enough for each feed to have something to show and something to leave out. */
export const PEOPLE = [
  // Publishes the feeds, and posts nothing.
  'olga',
  // They look at feeds. The first also posts; the others only follow.
  'vera',
  'walter',
  'paula',
  'quentin',
  // They are followed by these; anna and bruno follow back. Anna posts much.
  'anna',
  'bruno',
  'clara',
  'david',
  // They are followed by nobody.
  'erika',
  'frank',
  'marta',
] as const;

const FOLLOWED = ['anna', 'bruno', 'clara', 'david'] as const;
const VIEWERS = ['vera', 'walter', 'paula', 'quentin'] as const;

/** What each of them posts, in this order. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  anna: Array.from({ length: 12 }, (_, n) => `Anna says ${n}`),
  bruno: ['Green tea in the morning', 'Steak at noon', 'Black tea at night', 'Water'],
  clara: ['Guten Morgen', 'Mahlzeit', 'Feierabend', 'Gute Nacht'],
  david: ['David was here', 'David is here'],
  erika: Array.from({ length: 6 }, (_, n) => `Erika thinks ${n}`),
  frank: ['A teapot is no word of the feed', 'Frankly', 'Another #tea'],
  marta: ['Of the club', 'Of the club again', 'Still of the club'],
  vera: ['Vera asks', 'Vera answers'],
};

/** Who likes the so-manieth post of whom. No two posts that stand beside each other in a feed have as many likes by accident. */
const LIKES: readonly (readonly [author: string, post: number, by: string])[] = [
  ['erika', 1, 'anna bruno clara david frank marta'],
  ['erika', 2, 'anna bruno clara'],
  ['anna', 3, 'bruno clara david erika frank'],
  ['anna', 5, 'bruno clara'],
  ['bruno', 0, 'anna clara erika marta'],
  ['bruno', 3, 'anna'],
  ['clara', 1, 'frank erika marta'],
  ['david', 0, 'frank erika'],
  ['marta', 0, 'frank erika'],
  ['vera', 0, 'anna erika'],
  ['vera', 1, 'erika'],
];

/** A small world that the test knows by heart. */
export class FeedsWorld {
  readonly network: Network;
  readonly #posts: WorldPost[] = [];

  constructor(network: Network) {
    this.network = network;
  }

  /** Lets it all happen, at the PDS. */
  async happen(): Promise<void> {
    for (const viewer of VIEWERS) for (const name of FOLLOWED) await this.#follow(viewer, name);
    for (const name of ['anna', 'bruno']) await this.#follow(name, 'vera');
    // In turns, so that the order of time is not the order of authors.
    const most = Math.max(...Object.values(TEXTS).map((texts) => texts.length));
    for (let turn = 0; turn < most; turn += 1) {
      for (const [author, texts] of Object.entries(TEXTS)) {
        const text = texts[turn];
        if (text !== undefined) await this.post(author, text);
      }
    }
    for (const [author, number, names] of LIKES) {
      for (const name of names.split(' ')) await this.like(name, this.postOf(author, number));
    }
    await this.repost('bruno', this.postOf('erika', 1));
    await this.repost('frank', this.postOf('anna', 3));
    await this.reply('frank', this.postOf('anna', 3));
    await this.reply('david', this.postOf('erika', 2));
  }

  /** Posts that are no replies, the newest first. */
  roots(): WorldPost[] {
    return this.#posts.filter((post) => !post.isReply).toReversed();
  }

  /** The so-manieth post of somebody, from 0; replies do not count. */
  postOf(author: string, number: number): WorldPost {
    const found = this.#posts.filter((post) => post.author === author && !post.isReply)[number];
    if (found === undefined) throw new Error(`${author} has no post ${number}`);
    return found;
  }

  async post(author: string, text: string, reply?: WorldPost): Promise<WorldPost> {
    const { agent } = this.#account(author);
    const parent = reply && { uri: reply.uri, cid: reply.cid };
    const { uri, cid } = await agent.post({
      text,
      langs: [author === 'clara' ? 'de' : 'en'],
      ...(text.includes('#tea') ? { tags: ['tea'] } : {}),
      ...(parent === undefined ? {} : { reply: { root: parent, parent } }),
    });
    const none = { likes: new Set<string>(), reposts: new Map<string, string>(), repliers: new Set<string>() };
    const made = { uri, cid, author, text, isReply: reply !== undefined, ...none };
    this.#posts.push(made);
    return made;
  }

  async reply(author: string, post: WorldPost): Promise<void> {
    await this.post(author, `Re: ${post.text}`, post);
    post.repliers.add(author);
  }

  async like(name: string, post: WorldPost): Promise<void> {
    await this.#account(name).agent.like(post.uri, post.cid);
    post.likes.add(name);
  }

  async repost(name: string, post: WorldPost): Promise<void> {
    const { uri } = await this.#account(name).agent.repost(post.uri, post.cid);
    post.reposts.set(name, uri);
  }

  async delete(post: WorldPost): Promise<void> {
    await this.#account(post.author).agent.deletePost(post.uri);
    this.#posts.splice(this.#posts.indexOf(post), 1);
  }

  /** Name of the author of a post. */
  authorOf(uri: string): string {
    const { host } = new AtUri(uri);
    const found = this.network.accounts.find((account) => account.did === host);
    if (found === undefined) throw new Error(`nobody here wrote ${uri}`);
    return found.name;
  }

  async #follow(name: string, other: string): Promise<void> {
    await this.#account(name).agent.follow(this.#account(other).did);
  }

  #account(name: string): Account {
    return this.network.account(name);
  }
}
