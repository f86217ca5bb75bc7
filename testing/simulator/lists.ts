import { goJson, type JsonObject } from './go-json.ts';
import type { Act, Network } from './network.ts';

const PURPOSES = ['app.bsky.graph.defs#curatelist', 'app.bsky.graph.defs#modlist', 'app.bsky.graph.defs#referencelist'];

const readableKey = (network: Network, word: string): string => `${word}-${network.random.bits().toString(36)}`;

/** Somebody makes a list and puts its first members on it in the same commit. */
export const makeList: Act = (network) => {
  const { random, population } = network;
  const account = population.actor();
  const collection = 'app.bsky.graph.list';
  const rkey = random.chance(0.2) ? readableKey(network, 'friends') : network.mintTid(account);
  const record: JsonObject = { $type: collection, createdAt: network.createdAt() };
  if (random.chance(0.7)) record['description'] = 'People who write about <birds> & trains';
  record['name'] = random.pick(['Birds', 'Trains 🚂', 'Do not want', '友達', 'أصدقاء']);
  record['purpose'] = random.pick(PURPOSES);
  const cid = network.newCid();
  network.lists.add({ account, uri: `at://${account.did}/${collection}/${rkey}`, cid });
  const text = network.commit({ account, operation: 'create', collection, rkey, record, cid });
  for (let count = random.below(4); count > 0; count -= 1) network.schedule.next(addToList);
  return text;
};

/** The owner of a list adds somebody. */
export const addToList: Act = (network) => {
  const list = network.lists.recent(network.random);
  if (list === undefined || list.account.status !== 'active') return undefined;
  const { account } = list;
  const collection = 'app.bsky.graph.listitem';
  const rkey = network.mintTid(account);
  const subject = network.population.other(account).did;
  network.others.add({ account, collection, rkey, subject });
  const record = { $type: collection, createdAt: network.createdAt(), list: list.uri, subject };
  return network.commit({ account, operation: 'create', collection, rkey, record });
};

/** Somebody publishes a feed under a readable key, or describes an existing one anew. */
export const makeGenerator: Act = (network) => {
  const { random, population } = network;
  const collection = 'app.bsky.feed.generator';
  const old = random.chance(0.25) ? network.generators.recent(random) : undefined;
  if (old !== undefined && old.account.status !== 'active') return undefined;
  const account = old?.account ?? population.actor();
  const rkey = old?.rkey ?? readableKey(network, random.pick(['hot', 'quiet-posters', 'birds']));
  const record: JsonObject = { $type: collection, createdAt: network.createdAt() };
  if (random.chance(0.8)) record['description'] = `The best of ${random.pick(['birds', 'mathématiques', 'رياضة'])}`;
  record['did'] = `did:web:feeds${random.below(9)}.example.com`;
  record['displayName'] = random.pick(['Hot', 'Quiet posters', 'Vögel', '静か']);
  const cid = network.newCid();
  const uri = `at://${account.did}/${collection}/${rkey}`;
  if (old === undefined) network.generators.add({ account, rkey, uri, cid });
  else old.cid = cid;
  return network.commit({ account, operation: old === undefined ? 'create' : 'update', collection, rkey, record, cid });
};

const status = (network: Network): JsonObject => ({
  $type: 'app.bsky.actor.status',
  createdAt: network.createdAt(),
  durationMinutes: 240,
  embed: {
    $type: 'app.bsky.embed.external',
    external: { title: 'Live & well', uri: 'https://video.example.net/live' },
  },
  status: 'app.bsky.actor.status#live',
});

const message = (network: Network): JsonObject => ({
  $type: 'com.example.chat.message',
  room: `room-${network.random.below(30)}`,
  sentAt: network.createdAt(),
  text: network.random.pick(['hello?', 'anyone here <3', 'こんにちは', '{"not":"a frame"}']),
});

const origin = (network: Network, did: string): JsonObject => ({
  $type: 'com.example.live.origin',
  server: 'did:web:media.example.net',
  streamer: did,
  updatedAt: network.createdAt(),
  websocketURL: `wss://media.example.net/segments?streamer=${encodeURIComponent(did)}&live=1`,
});

/** A record of an application the indexer has never heard of, or of a collection it does not want. */
export const foreign: Act = (network) => {
  const { random } = network;
  const account = network.population.actor();
  const choice = random.float();
  if (choice < 0.25) {
    const collection = 'app.bsky.actor.status';
    return network.commit({ account, operation: 'update', collection, rkey: 'self', record: status(network) });
  }
  if (choice < 0.45) {
    const rkey = `${account.did}::did:web:media.example.net`;
    const record = origin(network, account.did);
    return network.commit({ account, operation: 'update', collection: 'com.example.live.origin', rkey, record });
  }
  const collection = 'com.example.chat.message';
  const rkey = network.mintTid(account);
  const record = message(network);
  network.others.add({ account, collection, rkey, subject: goJson(record) });
  return network.commit({ account, operation: 'create', collection, rkey, record });
};
