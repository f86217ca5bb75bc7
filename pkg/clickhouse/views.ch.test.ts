import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { select } from '#testing/answers/select.ts';
import { indexFrames } from '#testing/indexed-frames.ts';
import { compareAnswers, describeComparison } from '#testing/oracle/compare.ts';
import { Oracle } from '#testing/oracle/oracle.ts';
import { isTid, tidTimeUs } from '#testing/oracle/syntax.ts';
import { createWorld } from '#testing/simulator/world.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];
const dayMs = 86_400_000;
/** Posts this near to the edge of the 24 hours may be on either side of it by the time the view is read. */
const edgeMs = 60_000;

interface Wire {
  did: string;
  time_us: number;
  kind: string;
  commit?: { rev: string; operation: string; collection: string; rkey: string };
  account?: { active: boolean };
}

const startedMs = Date.now();
/** A world of the last 30 hours, with accounts that come and go, odd record keys and false dates. */
const world = createWorld({
  seed: 11,
  accounts: 80,
  startUs: (startedMs - 30 * 3_600_000) * 1000,
  eventsPerSecond: 0.08,
  mix: { account: 3, remove: 15, editPost: 4, retargetLike: 3, identity: 3 },
  hostile: {
    probability: 0.05,
    faults: ['rkey-not-tid', 'rkey-long', 'created-ancient', 'created-future', 'duplicate', 'identity-without-handle'],
  },
});
const frames: string[] = [];
while (world.nowUs() < startedMs * 1000) frames.push(world.next().text);
frames.pop();

let throwaway: ThrowawayClickHouse;
let store: ClickHouse;
const oracle = new Oracle();
/** The same without anything that an account did which is inactive in the end. */
const activeOracle = new Oracle();
const isActive = (did: string): boolean => oracle.actors().get(did)?.active ?? true;

const learn = (): void => {
  for (const frame of frames) oracle.apply(frame);
  const inactive = new Set([...oracle.actors()].filter(([, actor]) => !actor.active).map(([did]) => did));
  expect(inactive.size).toBeGreaterThan(2);
  for (const frame of frames) if (!inactive.has((JSON.parse(frame) as Wire).did)) activeOracle.apply(frame);
};

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  store = throwaway.store;
  learn();
  await indexFrames(store, frames);
  // A replay changes nothing.
  await indexFrames(store, frames.toReversed());
});
afterAll(async () => {
  await throwaway[Symbol.asyncDispose]();
});

/** When the newest revision of each record was seen, in milliseconds; the replay above saw the same times. */
const seenMs = (): Map<string, number> => {
  const newest = new Map<string, { rev: string; timeUs: number }>();
  for (const frame of frames) {
    const { did, time_us: timeUs, commit } = JSON.parse(frame) as Wire;
    if (commit === undefined) continue;
    const uri = `at://${did}/${commit.collection}/${commit.rkey}`;
    if (commit.rev > (newest.get(uri)?.rev ?? '')) newest.set(uri, { rev: commit.rev, timeUs });
  }
  return new Map([...newest].map(([uri, { timeUs }]) => [uri, Math.floor(timeUs / 1000)]));
};

const expectedPosts = () => {
  const seen = seenMs();
  const answer = new Map<string, Record<string, unknown>>();
  const near = new Set<string>();
  for (const [uri, post] of oracle.posts()) {
    const [did = '', , rkey = ''] = uri.slice('at://'.length).split('/');
    const seenAt = seen.get(uri) ?? 0;
    const keyMs = isTid(rkey) ? Math.floor(tidTimeUs(rkey) / 1000) : seenAt;
    const sortMs = Math.min(seenAt, keyMs, post.createdAtMs ?? seenAt);
    if (!isActive(did)) continue;
    if (Math.abs(startedMs - dayMs - sortMs) < edgeMs) near.add(uri);
    else if (sortMs > startedMs - dayMs) {
      answer.set(uri, {
        did,
        handle: oracle.actors().get(did)?.handle ?? '',
        text: post.text,
        langs: post.langs,
        reply_parent_uri: post.replyParent ?? '',
        reply_root_uri: post.replyRoot ?? '',
        quote_uri: post.quote ?? '',
        sort_ms: sortMs,
      });
    }
  }
  return { answer, near };
};

type Row = Record<string, unknown> & { uri: string };

const byUri = (rows: readonly Row[], near: ReadonlySet<string>): Map<string, unknown> => {
  const found = new Map<string, unknown>();
  for (const { uri, ...row } of rows) if (!near.has(uri)) found.set(found.has(uri) ? `${uri} again` : uri, row);
  return found;
};

test('recent_posts are the live posts of the last 24 hours of active accounts', async () => {
  const { answer, near } = expectedPosts();
  expect(answer.size).toBeGreaterThan(200);
  expect(answer.size).toBeLessThan(oracle.posts().size - 50);
  expect([...answer.keys()].some((uri) => !isTid(uri.split('/').at(-1)))).toBe(true);
  const rows = await select<Row>(
    store,
    `SELECT uri, did, handle, text, langs, reply_parent_uri, reply_root_uri, quote_uri,
      toFloat64(toUnixTimestamp64Milli(sort_at)) AS sort_ms FROM recent_posts`,
  );
  expect(describeComparison(compareAnswers(answer, byUri(rows, near)))).toBe('');
});

test('recent_posts_with_score counts each active account once, and scores by age', async () => {
  const { answer, near } = expectedPosts();
  const engagement = activeOracle.engagement();
  const expected = new Map<string, unknown>();
  for (const uri of answer.keys()) {
    const found = engagement.get(uri);
    expected.set(uri, {
      likes: found?.likers ?? 0,
      reposts: found?.reposters ?? 0,
      replies: found?.repliers ?? 0,
      quotes: found?.quoters ?? 0,
    });
  }
  const rows = await select<Record<string, string> & { uri: string; age_hours: number; score: number }>(
    store,
    'SELECT uri, likes, reposts, replies, quotes, age_hours, score FROM recent_posts_with_score',
  );
  const counts = rows.map(({ uri, likes, reposts, replies, quotes }) => ({
    uri,
    likes: Number(likes),
    reposts: Number(reposts),
    replies: Number(replies),
    quotes: Number(quotes),
  }));
  expect(describeComparison(compareAnswers(expected, byUri(counts, near)))).toBe('');
  // Somebody inactive, or somebody twice, is among those not counted: or the test would show nothing.
  const all = oracle.engagement();
  expect([...answer.keys()].some((uri) => (all.get(uri)?.likers ?? 0) > (engagement.get(uri)?.likers ?? 0))).toBe(true);
  for (const { likes, age_hours: ageHours, score } of rows) {
    expect(ageHours).toBeLessThan(24.1);
    expect(score).toBeCloseTo((Number(likes) - 1) / (ageHours + 2) ** 1.8, 10);
  }
  expect(Math.max(...rows.map((row) => row.score))).toBeGreaterThan(0);
});

test('following_counts counts different, active accounts at both ends', async () => {
  const expected = new Map<string, unknown>();
  const followers = new Map<string, number>();
  for (const subjects of activeOracle.follows().values()) {
    for (const subject of subjects) followers.set(subject, (followers.get(subject) ?? 0) + 1);
  }
  for (const did of [...oracle.authors(), ...oracle.subjects()]) {
    if (!isActive(did)) continue;
    const following = [...(oracle.follows().get(did) ?? [])].filter(isActive).length;
    if (following + (followers.get(did) ?? 0) === 0) continue;
    expected.set(did, {
      handle: oracle.actors().get(did)?.handle ?? '',
      following,
      followers: followers.get(did) ?? 0,
    });
  }
  const rows = await select<Record<'did' | 'handle' | 'following' | 'followers', string>>(
    store,
    'SELECT did, handle, following, followers FROM following_counts WHERE following + followers > 0',
  );
  const found = rows.map(({ did, handle, following, followers: by }) => ({
    uri: did,
    handle,
    following: Number(following),
    followers: Number(by),
  }));
  expect(expected.size).toBeGreaterThan(40);
  expect(describeComparison(compareAnswers(expected, byUri(found, new Set())))).toBe('');
  const [first] = rows;
  const one = await select<object>(
    store,
    `SELECT did, handle, following, followers FROM following_counts WHERE did = '${first?.did}'`,
  );
  expect(one).toEqual([first]);
});

test('whoever comes back comes back with everything', async () => {
  const { answer } = expectedPosts();
  const countOf = async (did: string): Promise<number> => {
    const [row] = await select<{ n: string }>(store, `SELECT count() AS n FROM recent_posts WHERE did = '${did}'`);
    return Number(row?.n);
  };
  const posts = new Map<string, number>();
  for (const { did } of answer.values()) posts.set(String(did), (posts.get(String(did)) ?? 0) + 1);
  const [did = '', count = 0] = [...posts].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  const status = (active: boolean, ms: number): string =>
    JSON.stringify({
      did,
      time_us: ms * 1000,
      kind: 'account',
      account: { active, did, seq: 1, time: new Date(ms).toISOString() },
    });
  const nowMs = Date.now();
  expect(await countOf(did)).toBeGreaterThanOrEqual(count);
  await indexFrames(store, [status(false, nowMs)]);
  expect(await countOf(did)).toBe(0);
  // An older event that arrives late does not bring it back.
  await indexFrames(store, [status(true, nowMs - 1_000)]);
  expect(await countOf(did)).toBe(0);
  await indexFrames(store, [status(true, nowMs + 1)]);
  expect(await countOf(did)).toBeGreaterThanOrEqual(count);
});
