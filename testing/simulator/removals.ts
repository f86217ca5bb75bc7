import { remove } from './engagement.ts';
import { makeTid } from './identifiers.ts';
import type { Act, LiveRecord, Network } from './network.ts';
import { weightedPicker } from './random.ts';

const UNSEEN_COLLECTIONS = [
  'app.bsky.feed.like',
  'app.bsky.feed.post',
  'app.bsky.graph.follow',
  'app.bsky.feed.repost',
  'app.bsky.graph.listitem',
];

/** Somebody deletes a record from before the world began: its create was never on this wire. */
const removeUnseen: Act = (network) => {
  const { random, population } = network;
  const account = population.actor();
  const rkey = makeTid(network.beganUs - random.between(1, 2_000_000_000), account.clockId);
  return remove(network, { account, collection: random.pick(UNSEEN_COLLECTIONS), rkey, subject: null });
};

const removeRef = (network: Network, ref: { account: LiveRecord['account']; uri: string } | undefined) => {
  const [collection, rkey] = ref?.uri.split('/').slice(3) ?? [];
  if (ref === undefined || collection === undefined || rkey === undefined) return undefined;
  return remove(network, { account: ref.account, collection, rkey, subject: null });
};

const taken =
  (pool: (network: Network) => { take(random: Network['random']): LiveRecord | undefined }): Act =>
  (network) => {
    const record = pool(network).take(network.random);
    return record === undefined ? undefined : remove(network, record);
  };

const REMOVALS: readonly { weight: number; act: Act }[] = [
  { weight: 46, act: taken((network) => network.likes) },
  { weight: 22, act: taken((network) => network.follows) },
  { weight: 12, act: taken((network) => network.reposts) },
  { weight: 10, act: (network) => removeRef(network, network.posts.take(network.random)) },
  { weight: 3, act: taken((network) => network.blocks) },
  { weight: 3, act: taken((network) => network.others) },
  { weight: 0.4, act: (network) => removeRef(network, network.lists.take(network.random)) },
  { weight: 0.4, act: (network) => removeRef(network, network.generators.take(network.random)) },
  { weight: 4, act: removeUnseen },
];

/** The act that deletes something, old or new, of any kind. */
export const createRemoval = (network: Network): (() => string | undefined) => {
  const choose = weightedPicker(
    REMOVALS.map((each) => each.weight),
    network.random,
  );
  return () => REMOVALS[choose()]?.act(network);
};
