import * as fc from 'fast-check';
import { TIME_WINDOW_MS, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { dayMs } from './numbers.ts';
import { type PostFields, Story } from './story.ts';

/** What can happen in a small world, as often as it is listed. */
const ACTS = [
  ...(['post', 'post', 'post', 'post', 'reply', 'reply', 'reply', 'quote', 'mention'] as const),
  ...(['like', 'like', 'like', 'like', 'like', 'repost', 'repost', 'repost', 'follow', 'follow', 'follow'] as const),
  ...(['remove', 'remove', 'again', 'moved', 'edit', 'block', 'leave', 'return', 'identity', 'profile'] as const),
] as const;

/** One thing that happens; the numbers are taken modulo what there is at that point. */
interface Deed {
  readonly act: (typeof ACTS)[number];
  readonly who: number;
  readonly whom: number;
  readonly target: number;
  /** How long before now it was seen, in milliseconds; below zero: after now. */
  readonly agoMs: number;
  /** Another moment, for keys and createdAt that lie. */
  readonly otherMs: number;
  readonly key: 'own' | 'other' | 'odd';
  readonly createdAt: 'none' | 'own' | 'other' | 'ancient' | 'early' | 'future' | 'garbage';
}

/** A small world: few accounts, so that everything collides with everything. */
export interface SmallWorld {
  readonly accounts: number;
  readonly follows: readonly (readonly [number, number])[];
  readonly deeds: readonly Deed[];
}

const hourMs = 3_600_000;

/** Moments at which something begins or ends: windows, those before them, buckets and slots; each and a millisecond beside it. */
const edges = [
  0,
  ...TIME_WINDOWS.flatMap((window) => [1, 2, 3].map((times) => times * TIME_WINDOW_MS[window])),
  ...[1, 12, 600 / 3600].map((hours) => hours * hourMs),
].flatMap((ms) => [ms - 1, ms, ms + 1]);

const moment = fc.noBias(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...edges) },
    { weight: 10, arbitrary: fc.integer({ min: 1, max: dayMs }) },
    { weight: 8, arbitrary: fc.integer({ min: dayMs, max: 2 * dayMs }) },
    { weight: 5, arbitrary: fc.integer({ min: 2 * dayMs, max: 15 * dayMs }) },
    { weight: 6, arbitrary: fc.integer({ min: -2 * hourMs, max: 65 * dayMs }) },
  ),
);

const deed: fc.Arbitrary<Deed> = fc.record({
  act: fc.constantFrom(...ACTS),
  who: fc.noBias(fc.nat(15)),
  whom: fc.noBias(fc.nat(15)),
  // Without the bias to small numbers, or most reactions would fall on the first post.
  target: fc.noBias(fc.nat(400)),
  agoMs: moment,
  otherMs: moment,
  key: fc.constantFrom('own', 'own', 'own', 'own', 'other', 'odd'),
  createdAt: fc.constantFrom('none', 'own', 'own', 'own', 'other', 'ancient', 'early', 'future', 'garbage'),
});

/** Worlds of 4 to 14 accounts and so many deeds. */
export const smallWorlds = (minDeeds: number, maxDeeds: number): fc.Arbitrary<SmallWorld> =>
  fc.record({
    accounts: fc.constantFrom(4, 6, 8, 14),
    follows: fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { minLength: 4, maxLength: 60 }),
    deeds: fc.array(deed, { minLength: minDeeds, maxLength: maxDeeds }),
  });

/** A small world as frames. */
export interface ToldWorld {
  readonly nowMs: number;
  /** Its accounts, and at the end one that nobody ever saw. */
  readonly dids: readonly string[];
  /** In the order of their times. */
  readonly frames: readonly string[];
}

interface Telling {
  readonly story: Story;
  readonly nowMs: number;
  readonly dids: readonly string[];
  /** Posts, live or not, and uris of records that never were. */
  readonly posts: string[];
  readonly removable: { uri: string; lastMs: number; subject?: string }[];
}

const iso = (ms: number): string => new Date(ms).toISOString();

const createdAtOf = ({ createdAt, agoMs, otherMs }: Deed, nowMs: number): string | undefined =>
  ({
    none: undefined,
    own: iso(nowMs - agoMs),
    other: iso(nowMs - otherMs),
    ancient: '1970-01-01T00:00:00.000Z',
    early: '2010-02-03T04:05:06Z',
    future: iso(nowMs + 300 * dayMs),
    garbage: 'yesterday',
  })[createdAt];

const at = <Item>(items: readonly Item[], index: number): Item => items[index % items.length] as Item;

/** Every other reaction falls on one of few posts, so that some have many. */
const aimed = (posts: readonly string[], target: number): string =>
  target % 2 === 0 ? at([...posts.slice(2, 10), ...posts.slice(0, 1)], target / 2) : at(posts, target);

/** Revisions of one record follow each other, so a later act on it is at least this much later. */
const laterMs = ({ otherMs }: Deed): number => at([1, 2, hourMs, 3 * dayMs], Math.abs(otherMs));

const tellPost = (telling: Telling, deed: Deed, number: number): void => {
  const { story, nowMs, dids, posts, removable } = telling;
  const target = aimed(posts, deed.target);
  const whom = at(dids, deed.whom);
  const fields: PostFields = {
    text: `post ${number}`,
    createdAt: createdAtOf(deed, nowMs),
    replyTo: deed.act === 'reply' ? target : undefined,
    // Every other quote also replies, to the same post.
    ...(deed.act === 'quote' ? { quote: target, replyTo: deed.whom % 2 === 0 ? target : undefined } : {}),
    mentions: deed.act === 'mention' ? [whom, whom, at(dids, deed.target)] : [],
  };
  const uri = story.post(at(dids, deed.who), makingOf(telling, deed, number), fields);
  posts.push(uri);
  removable.push({ uri, lastMs: nowMs - deed.agoMs });
};

const makingOf = ({ nowMs }: Telling, { agoMs, otherMs, key }: Deed, number: number) => ({
  atMs: nowMs - agoMs,
  keyMs: key === 'other' ? nowMs - otherMs : undefined,
  rkey: key === 'odd' ? `odd-${number}` : undefined,
});

const tellPointing = (telling: Telling, deed: Deed, number: number): void => {
  const { story, nowMs, dids, posts, removable } = telling;
  const [who, whom, target] = [at(dids, deed.who), at(dids, deed.whom), aimed(posts, deed.target)];
  const making = makingOf(telling, deed, number);
  const lastMs = nowMs - deed.agoMs;
  if (deed.act === 'like') removable.push({ uri: story.like(who, target, making), lastMs, subject: target });
  if (deed.act === 'repost') removable.push({ uri: story.repost(who, target, making), lastMs, subject: target });
  if (deed.act === 'follow') removable.push({ uri: story.follow(who, whom, making), lastMs });
  // Blocks are rare and short, or nothing would be left to see.
  if (deed.act === 'block' && deed.target % 3 === 0) removable.push({ uri: story.block(who, whom, making), lastMs });
};

const tellRevision = ({ story, nowMs, posts, removable }: Telling, deed: Deed): void => {
  const record = removable[deed.target % Math.max(1, removable.length)];
  if (record === undefined) return;
  record.lastMs += laterMs(deed);
  const isPost = record.uri.includes('.feed.post/');
  if (deed.act === 'remove') story.remove(record.uri, record.lastMs);
  if (deed.act === 'edit' && isPost)
    story.editPost(record.uri, record.lastMs, { text: 'edited', createdAt: createdAtOf(deed, nowMs) });
  if (record.subject === undefined) return;
  if (deed.act === 'again') story.put(record.uri, record.lastMs, record.subject);
  if (deed.act === 'moved') story.put(record.uri, record.lastMs, at(posts, deed.whom));
};

const tellAccount = ({ story, nowMs, dids }: Telling, deed: Deed): void => {
  const did = at(dids, deed.who);
  const atMs = nowMs - deed.agoMs;
  if (deed.act === 'leave') story.account(did, atMs, deed.target % 4 > 0);
  if (deed.act === 'return') story.account(did, atMs, true);
  if (deed.act === 'identity') story.identity(did, atMs, `h${deed.target}.${did.slice(8)}.test`);
  if (deed.act === 'profile') story.profile(did, atMs, createdAtOf(deed, nowMs));
};

/** Tells a small world around a moment. `name`: letters and digits that keep its accounts apart from other worlds'. */
export const tellWorld = (world: SmallWorld, nowMs: number, name: string): ToldWorld => {
  const dids = Array.from(
    { length: world.accounts },
    (_, index) => `did:plc:${name}x${String(index).padStart(2, '0')}`,
  );
  const story = new Story();
  const posts = [`at://${dids[0]}/app.bsky.feed.post/3kunknown2222`, `at://${dids[1]}/app.bsky.feed.generator/a-feed`];
  const telling: Telling = { story, nowMs, dids, posts, removable: [] };
  const startMs = nowMs - 100 * dayMs;
  // Everybody is first seen here, whatever comes first afterwards.
  for (const [index, did] of dids.entries()) story.identity(did, startMs + index, `${did.slice(8)}.test`);
  const follow = (who: number, whom: number, index: number): string =>
    story.follow(at(dids, who), at(dids, whom), { atMs: startMs + dayMs + index });
  // The first follows everybody, or most boards would be empty; every other follows it.
  for (const index of dids.keys()) {
    follow(0, index + 1, index);
    if (index % 2 === 1) follow(index, 0, index);
  }
  for (const [index, [who, whom]] of world.follows.entries()) follow(who, whom, index + dids.length);
  for (const [number, deed] of world.deeds.entries()) {
    if (['post', 'reply', 'quote', 'mention'].includes(deed.act)) tellPost(telling, deed, number);
    tellPointing(telling, deed, number);
    if (['remove', 'again', 'moved', 'edit'].includes(deed.act)) tellRevision(telling, deed);
    tellAccount(telling, deed);
  }
  return { nowMs, dids: [...dids, `did:plc:${name}nobody`], frames: story.frames() };
};

/** Random worlds so far apart in time that the windows of one never see another: one index holds them all. */
export const manyWorlds = (count: number, seed: number): ToldWorld[] =>
  fc
    .sample(smallWorlds(300, 500), { numRuns: count, seed })
    .map((world, at) => tellWorld(world, Date.UTC(2023, 5, 1, 12) + at * 200 * dayMs, `s${seed}w${at}`));
