import type { Json, JsonObject } from './go-json.ts';
import type { Act, LivePost, LiveRecord, Network } from './network.ts';
import type { Pool } from './pool.ts';
import type { Account } from './population.ts';
import { popularPost, strongRef, unseenPost } from './posts.ts';

/** One collection whose records point at one subject. */
interface Kind {
  collection: string;
  pool(network: Network): Pool<LiveRecord>;
  /** Something for this account to point at. */
  subject(network: Network, account: Account): Json;
}

const LIKE_COPIES = 0.45;
const GENERATOR_LIKES = 0.008;
const VIA_SHARE = 0.02;

/** Likes gather: almost half of them go where a recent like went, which makes a few posts very popular. */
const likeSubject = (network: Network): Json => {
  const { random } = network;
  const generator = random.chance(GENERATOR_LIKES) ? network.generators.recent(random) : undefined;
  if (generator !== undefined) return strongRef(generator);
  const copied = random.chance(LIKE_COPIES) ? network.likes.recent(random) : undefined;
  return copied?.subject ?? strongRef(popularPost(network));
};

export const LIKE: Kind = {
  collection: 'app.bsky.feed.like',
  pool: (network) => network.likes,
  subject: likeSubject,
};

export const REPOST: Kind = {
  collection: 'app.bsky.feed.repost',
  pool: (network) => network.reposts,
  subject: (network) => strongRef(popularPost(network)),
};

export const FOLLOW: Kind = {
  collection: 'app.bsky.graph.follow',
  pool: (network) => network.follows,
  subject: (network, account) => network.population.other(account).did,
};

export const BLOCK: Kind = {
  collection: 'app.bsky.graph.block',
  pool: (network) => network.blocks,
  subject: (network, account) => network.population.other(account).did,
};

const edgeRecord = (network: Network, kind: Kind, subject: Json): JsonObject => {
  const record: JsonObject = { $type: kind.collection, createdAt: network.createdAt(), subject };
  if (typeof subject === 'object' && network.random.chance(VIA_SHARE)) record['via'] = strongRef(viaRepost(network));
  return record;
};

const viaRepost = (network: Network): LivePost => {
  const post = unseenPost(network);
  return { ...post, uri: post.uri.replace('feed.post', 'feed.repost') };
};

const put = (network: Network, kind: Kind, edge: LiveRecord, operation: 'create' | 'update'): string => {
  const { account, rkey, subject } = edge;
  const record = edgeRecord(network, kind, subject);
  return network.commit({ account, operation, collection: kind.collection, rkey, record });
};

/** Deletes a record of an active account. */
export const remove = (network: Network, record: LiveRecord): string | undefined => {
  const { account, collection, rkey } = record;
  if (account.status !== 'active') return undefined;
  return network.commit({ account, operation: 'delete', collection, rkey });
};

const whenActive =
  (account: Account, act: Act): Act =>
  (network) =>
    account.status === 'active' ? act(network) : undefined;

const again = (network: Network, kind: Kind, edge: LiveRecord): string => {
  const renewed = { ...edge, rkey: network.mintTid(edge.account) };
  kind.pool(network).add(renewed);
  return put(network, kind, renewed, 'create');
};

/** Deletes the record after some frames; what follows happens only if it was deleted. */
const removeLater = (network: Network, edge: LiveRecord, afterwards: Act | undefined): void => {
  network.schedule.after(network.random.between(1, 400), (later) => {
    const text = remove(later, edge);
    const then = text === undefined ? undefined : afterwards;
    if (then !== undefined) later.schedule.after(later.random.between(1, 400), whenActive(edge.account, then));
    return text;
  });
};

/** Taken back after a while, and half of the time given again under a new key. */
const takeBackStory = (network: Network, kind: Kind, edge: LiveRecord): void => {
  const renews = network.random.chance(0.5);
  removeLater(network, edge, renews ? (later) => again(later, kind, edge) : undefined);
};

/** Deleted, then created again under the same key with another subject. */
const sameKeyStory = (network: Network, kind: Kind, edge: LiveRecord): void => {
  removeLater(network, edge, (later) => {
    const renewed = { ...edge, subject: kind.subject(later, edge.account) };
    kind.pool(later).add(renewed);
    return put(later, kind, renewed, 'create');
  });
};

/** The same actor points at the same subject twice, under two keys that live side by side. */
const twiceStory = (network: Network, kind: Kind, edge: LiveRecord): void => {
  kind.pool(network).add(edge);
  const second = whenActive(edge.account, (later) => again(later, kind, edge));
  network.schedule.after(network.random.between(1, 200), second);
};

/** An act that points at something: mostly once and for good, sometimes the start of a longer story. */
export const pointAt =
  (kind: Kind): ((network: Network) => string) =>
  (network) => {
    const account = network.population.actor();
    const subject = kind.subject(network, account);
    const edge = { account, collection: kind.collection, rkey: network.mintTid(account), subject };
    const story = network.random.float();
    if (story < 0.016) takeBackStory(network, kind, edge);
    else if (story < 0.02) sameKeyStory(network, kind, edge);
    else if (story < 0.028) twiceStory(network, kind, edge);
    else kind.pool(network).add(edge);
    return put(network, kind, edge, 'create');
  };

/** A like is put again under its own key, with another subject. */
export const retarget: Act = (network) => {
  const edge = network.likes.recent(network.random);
  if (edge === undefined || edge.account.status !== 'active') return undefined;
  edge.subject = LIKE.subject(network, edge.account);
  return put(network, LIKE, edge, 'update');
};

/** One commit with many follows: they share its rev. */
export const bulkFollow: Act = (network) => {
  const account = network.population.actor();
  const edges = Array.from({ length: network.random.between(3, 20) }, () => ({
    account,
    collection: FOLLOW.collection,
    rkey: network.mintTid(account),
    subject: FOLLOW.subject(network, account),
  }));
  const rev = network.mintRev(account);
  const [first, ...rest] = edges.map((edge) => () => {
    network.follows.add(edge);
    const record = edgeRecord(network, FOLLOW, edge.subject);
    return network.commit({ account, operation: 'create', collection: edge.collection, rkey: edge.rkey, record, rev });
  });
  for (const act of rest.toReversed()) network.schedule.next(act);
  return first?.();
};
