import type { JsonObject } from './go-json.ts';
import type { Act, Network } from './network.ts';
import type { Account, AccountStatus } from './population.ts';

const HIDDEN: readonly Exclude<AccountStatus, 'active'>[] = [
  'deactivated',
  'deactivated',
  'deactivated',
  'takendown',
  'takendown',
  'suspended',
  'desynchronized',
  'throttled',
  'deleted',
  'deleted',
];
/** Of the accounts, the share that may be hidden at a time. */
const MAX_HIDDEN = 0.15;
const STATUS_LEFT_OUT = 0.03;
const RETURN_WITH_STATUS = 0.2;

const PROFILE = 'app.bsky.actor.profile';

const profileRecord = (network: Network, account: Account): JsonObject => {
  const { random } = network;
  const record: JsonObject = { $type: PROFILE };
  if (random.chance(0.8)) record['avatar'] = network.blob('image/jpeg', 900_000);
  if (random.chance(0.4)) record['banner'] = network.blob('image/png', 900_000);
  if (random.chance(0.8)) record['createdAt'] = network.createdAt();
  if (random.chance(0.9)) {
    record['description'] = random.pick([
      '',
      'she/her & they',
      'Ingénieure <3\n\nOpinions à moi',
      '駅と猫',
      'كاتب',
      '🦋🏳️‍🌈',
    ]);
  }
  if (random.chance(0.95))
    record['displayName'] = random.pick(['Ada', 'كريم', '山田 🍙', 'Zoë & Co', '', account.handle]);
  if (random.chance(0.02)) {
    record['labels'] = { $type: 'com.atproto.label.defs#selfLabels', values: [{ val: '!no-unauthenticated' }] };
  }
  const pinned = random.chance(0.1) ? network.posts.recent(random) : undefined;
  if (pinned !== undefined) record['pinnedPost'] = { cid: pinned.cid, uri: pinned.uri };
  return record;
};

const writeProfile = (network: Network, account: Account): string => {
  const operation = account.hasProfile ? 'update' : 'create';
  account.hasProfile = true;
  const record = profileRecord(network, account);
  return network.commit({ account, operation, collection: PROFILE, rkey: 'self', record });
};

/** Somebody makes, changes or (rarely) deletes a profile. */
export const profile: Act = (network) => {
  const account = network.population.actor();
  if (!account.hasProfile || !network.random.chance(0.04)) return writeProfile(network, account);
  account.hasProfile = false;
  return network.commit({ account, operation: 'delete', collection: PROFILE, rkey: 'self' });
};

/** A newcomer: identity, account and profile events, one after the other. */
const arrive = (network: Network, account: Account): void => {
  network.schedule.next((later) => writeProfile(later, account));
  network.schedule.next((later) => later.accountEvent(account, true, undefined));
  network.schedule.next((later) => later.identity(account, account.handle));
};

/** A change of handle, a refresh that names none, or a refresh that repeats it; half of them confirm the account. */
export const identity: Act = (network) => {
  const { random } = network;
  const account = network.population.actor();
  const choice = random.float();
  if (choice < 0.4) account.handle = network.population.newHandle();
  if (random.chance(0.5)) network.schedule.next((later) => later.accountEvent(account, true, undefined));
  return network.identity(account, choice >= 0.4 && choice < 0.8 ? undefined : account.handle);
};

const comeBack: Act = (network) => {
  const account = network.population.bringBack();
  if (account === undefined) return undefined;
  const { random } = network;
  const status = random.chance(RETURN_WITH_STATUS) ? random.pick(['active', 'desynchronized', 'throttled']) : undefined;
  return network.accountEvent(account, true, status);
};

/** Somebody is hidden, deleted (and a newcomer takes their place), or comes back. */
export const account: Act = (network) => {
  const { random, population } = network;
  const hidden = population.inactive.length;
  const most = Math.min(population.accounts.length - 2, Math.ceil(population.accounts.length * MAX_HIDDEN));
  if (hidden >= most || (hidden > 0 && random.chance(0.45))) {
    const text = comeBack(network);
    if (text !== undefined) return text;
    if (most <= 0) return undefined;
  }
  const leaving = population.actor();
  const status = random.pick(HIDDEN);
  const newcomer = population.hide(leaving, status);
  if (newcomer !== undefined) arrive(network, newcomer);
  return network.accountEvent(leaving, false, random.chance(STATUS_LEFT_OUT) ? undefined : status);
};
