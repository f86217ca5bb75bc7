import type { Json, JsonObject } from './go-json.ts';
import { makeTid } from './identifiers.ts';
import type { Account } from './population.ts';
import type { LivePost, Network } from './network.ts';
import { createPostWriter, facetsOf, makeLink, type PostText } from './post-text.ts';
import { SELF_LABELS } from './vocabulary.ts';

const POST = 'app.bsky.feed.post';
const REPLY_SHARE = 0.38;
const EMBED_SHARE = 0.36;
const ODD_KEY = 0.003;
const GATE_SHARE = 0.03;
const HOUR_US = 3_600_000_000;

/** A strong reference in the key order of the wire. */
export const strongRef = (ref: { uri: string; cid: string }): JsonObject => ({ cid: ref.cid, uri: ref.uri });

/** A post from before the world began: well formed, and never seen on this wire. */
export const unseenPost = (network: Network): LivePost => {
  const account = network.population.known();
  const agoUs = network.random.between(1, 5_000) * (HOUR_US / 60);
  const rkey = makeTid(network.beganUs - agoUs, account.clockId);
  return { account, rkey, uri: `at://${account.did}/${POST}/${rkey}`, cid: network.newCid(), root: undefined };
};

/** A post to react to: mostly new ones, the liked ones more (a like draws likes), sometimes one never seen. */
export const popularPost = (network: Network): LivePost => {
  const { random, posts } = network;
  if (random.chance(0.03)) return unseenPost(network);
  return posts.recent(random) ?? unseenPost(network);
};

const images = (network: Network): JsonObject => ({
  $type: 'app.bsky.embed.images',
  images: Array.from({ length: network.random.between(1, 4) }, () => ({
    alt: network.random.chance(0.4)
      ? `A picture of ${network.random.pick(['a cat', 'rain & fog', 'une gare', '海'])}`
      : '',
    aspectRatio: { height: network.random.between(300, 2000), width: network.random.between(300, 2000) },
    image: network.blob('image/jpeg', 980_000),
  })),
});

const video = (network: Network): JsonObject => ({
  $type: 'app.bsky.embed.video',
  ...(network.random.chance(0.3) ? { alt: 'A short film of a train' } : {}),
  aspectRatio: { height: 1920, width: 1080 },
  video: network.blob('video/mp4', 50_000_000),
});

const external = (network: Network): JsonObject => ({
  $type: 'app.bsky.embed.external',
  external: {
    description: network.random.chance(0.8) ? 'What happened, who says so & why it matters <today>' : '',
    ...(network.random.chance(0.7) ? { thumb: network.blob('image/jpeg', 600_000) } : {}),
    title: 'An article somebody read',
    uri: makeLink(network.random),
  },
});

const quoted = (network: Network): { uri: string; cid: string } => {
  const { random } = network;
  const other = random.chance(0.05) ? (network.generators.any(random) ?? network.lists.any(random)) : undefined;
  return other ?? popularPost(network);
};

const quote = (network: Network): JsonObject => ({
  $type: 'app.bsky.embed.record',
  record: strongRef(quoted(network)),
});

const embed = (network: Network): JsonObject => {
  const choice = network.random.float();
  if (choice < 0.42) return images(network);
  if (choice < 0.68) return external(network);
  if (choice < 0.84) return quote(network);
  if (choice < 0.92) return video(network);
  const media = network.random.chance(0.7) ? images(network) : external(network);
  return { $type: 'app.bsky.embed.recordWithMedia', media, record: quote(network) };
};

const selfLabels = (network: Network): JsonObject => ({
  $type: 'com.atproto.label.defs#selfLabels',
  values: [{ val: network.random.pick(SELF_LABELS) }],
});

interface PostParts {
  written: PostText;
  createdAt: string;
  parent: LivePost | undefined;
  embed: JsonObject | undefined;
}

const postRecord = (network: Network, parts: PostParts): JsonObject => {
  const record: { [key: string]: Json } = { $type: POST, createdAt: parts.createdAt };
  if (parts.embed !== undefined) record['embed'] = parts.embed;
  const facets = facetsOf(parts.written);
  if (facets !== undefined) record['facets'] = facets;
  if (network.random.chance(0.012)) record['labels'] = selfLabels(network);
  if (parts.written.langs !== undefined) record['langs'] = parts.written.langs;
  if (parts.parent !== undefined) {
    record['reply'] = { parent: strongRef(parts.parent), root: strongRef(parts.parent.root ?? parts.parent) };
  }
  if (network.random.chance(0.01)) record['tags'] = ['hidden', 'outline & tag'];
  record['text'] = parts.written.text;
  return record;
};

const oddKey = (network: Network): string =>
  network.random.pick(['hello-world', 'Post_1.0', '1726880593', 'a:b~c', '3jzfcijpj2z2A']) +
  network.random.bits().toString(36);

const postKey = (network: Network, account: Account): string => {
  const forced = network.forcedRkey;
  network.forcedRkey = undefined;
  if (forced !== undefined) return forced;
  return network.random.chance(ODD_KEY) ? oddKey(network) : network.mintTid(account);
};

/** The author may restrict who answers: a second record of the same commit, under the same key and rev. */
const gate = (network: Network, post: LivePost, rev: string): void => {
  const { account, rkey, uri } = post;
  const collection = 'app.bsky.feed.threadgate';
  const record = { $type: collection, allow: [], createdAt: network.createdAt(), hiddenReplies: [], post: uri };
  network.schedule.next(() => {
    network.others.add({ account, collection, rkey, subject: uri });
    return network.commit({ account, operation: 'create', collection, rkey, record, rev });
  });
};

/** The two acts that write posts, sharing one writer of texts. */
export const createPostActs = (network: Network): { post: () => string; edit: () => string | undefined } => {
  const write = createPostWriter(network.random, () => network.population.known());
  const post = (): string => {
    const { random } = network;
    const account = network.population.actor();
    const rkey = postKey(network, account);
    const parent = random.chance(REPLY_SHARE) ? popularPost(network) : undefined;
    const embedded = random.chance(EMBED_SHARE) ? embed(network) : undefined;
    const parts = { written: write(), createdAt: network.createdAt(), parent, embed: embedded };
    const record = postRecord(network, parts);
    const cid = network.newCid();
    const root = parent === undefined ? undefined : (parent.root ?? { uri: parent.uri, cid: parent.cid });
    const made = { account, rkey, cid, uri: `at://${account.did}/${POST}/${rkey}`, root };
    network.posts.add(made);
    const rev = network.mintRev(account);
    if (random.chance(GATE_SHARE)) gate(network, made, rev);
    return network.commit({ account, operation: 'create', collection: POST, rkey, record, cid, rev });
  };
  const edit = (): string | undefined => {
    const found = network.posts.recent(network.random);
    if (found === undefined || found.account.status !== 'active') return undefined;
    found.cid = network.newCid();
    const parts = { written: write(), createdAt: network.createdAt(), parent: undefined, embed: undefined };
    const record = postRecord(network, parts);
    const { account, rkey, cid } = found;
    return network.commit({ account, operation: 'update', collection: POST, rkey, record, cid });
  };
  return { post, edit };
};
