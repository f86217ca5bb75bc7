import { expect, test } from 'vitest';
import { type Lens, LENSES } from '#pkg/contracts/lens.ts';
import { LensReference } from './answer.ts';
import { exampleDid, exampleNames, exampleNowMs, exampleSinceMs, tellExample } from './example.ts';
import { told } from './told.ts';

const { uris, frames } = tellExample();
const reference = new LensReference(told(frames), {
  nowMs: exampleNowMs,
  dataSinceMs: exampleSinceMs,
  actorIdOf: () => 0n,
});
const ask = (lens: Lens, name = 'ann') =>
  reference.answer({ did: exampleDid(name), lens, window: '24h', audience: 'following' });
const nothing = { likes: 0, replies: 0, reposts: 0, quotes: 0, skypoints: 0 };
const account = (name: string) => ({ did: exampleDid(name), handle: `${name}.example.org` });

test('flow', () => {
  const { board, score } = ask('flow');
  expect(board).toEqual({
    lens: 'flow',
    bucket_seconds: 600,
    buckets: [
      { at: '2026-03-09T20:00:00.000Z', posts: 1, ...nothing, peak: false },
      { at: '2026-03-10T08:00:00.000Z', posts: 3, ...nothing, likes: 5, reposts: 1, skypoints: 6, peak: true },
      { at: '2026-03-10T09:00:00.000Z', posts: 1, ...nothing, peak: false },
    ],
  });
  expect(score).toEqual({
    score: 6.3,
    band: 'Solid',
    percentile: 75,
    change: 5,
    parts: [
      { name: 'peak', value: 5, percentile: 75, weight: 0.5 },
      { name: 'consistency', value: 2 / 24, percentile: 50, weight: 0.5 },
    ],
    reference: { accounts: 4 },
    peak_hours: [6, 14],
    change_percent: null,
  });
});

test('clout', () => {
  const { board, score } = ask('clout');
  const at = (minute: string) => ({ at: `2026-03-10T08:${minute}:00.000Z`, text: 'a post' });
  expect(board).toMatchObject({
    posts: [
      { uri: uris['b1'], ...account('bob'), ...nothing, likes: 3, reposts: 1, skypoints: 4 },
      { uri: uris['c2'], ...account('cat'), ...nothing, likes: 1, skypoints: 1 },
    ].map((post, index) => ({ ...post, ...at(['03', '05'][index] as string) })),
    total: 5,
  });
  expect(score).toMatchObject({
    score: 6,
    band: 'Solid',
    percentile: 75,
    change: 4.5,
    parts: [
      { name: 'reach', value: 3, percentile: 50, weight: 0.6 },
      { name: 'virality', value: 2 / 3, percentile: 75, weight: 0.4 },
    ],
    peak_hours: [],
  });
});

test('kudos', () => {
  const { board, score } = ask('kudos');
  expect(board).toMatchObject({
    accounts: [
      { ...account('bob'), posts: 2, followers: 1, ...nothing, likes: 4, reposts: 1, skypoints: 5 },
      { ...account('cat'), posts: 2, followers: 1, ...nothing, likes: 1, skypoints: 1 },
    ],
  });
  expect(score).toMatchObject({
    score: 7.5,
    band: 'Strong',
    percentile: 75,
    change: 7.5,
    parts: [
      { name: 'community', value: 3, percentile: 75, weight: 0.6 },
      { name: 'mentions', value: 1, percentile: 75, weight: 0.4 },
    ],
  });
});

test('pulse and the share line', () => {
  const { board, score, share } = ask('pulse');
  const counts = { posts: 2, followers: 1, following: 1, posts_per_day: 2 };
  expect(board).toMatchObject({
    accounts: [
      // Made two years ago by its own profile, though first seen 68 days ago.
      { ...account('bob'), ...counts, skypoints: 5, previous_skypoints: 1, age_days: 730, followers_per_day: 0 },
      { ...account('cat'), ...counts, skypoints: 1, previous_skypoints: 0, age_days: 68, followers_per_day: 0.01 },
    ],
  });
  expect(score).toMatchObject({
    score: 6.6,
    band: 'Solid',
    percentile: 75,
    change: 1.3,
    parts: [
      { name: 'flux', value: 3, percentile: 75, weight: 0.4 },
      { name: 'impact', value: 5 / 3, percentile: 50, weight: 0.35 },
      { name: 'boost', value: 3.5, percentile: 75, weight: 0.25 },
    ],
    change_percent: 500,
  });
  expect(share).toBe('Flow 6.3 · Clout 6.0 · Kudos 7.5 · Pulse +500%');
});

test('the others of the example', () => {
  const scores = (name: string) => LENSES.map((lens) => ask(lens, name).score?.score ?? null);
  expect(Object.fromEntries(exampleNames.map((name) => [name, scores(name)]))).toEqual({
    ann: [6.3, 6, 7.5, 6.6],
    bob: [2.5, 5, 0, 3.9],
    cat: [3.8, 1.5, 0, 1.5],
    dan: [0, 0, 0, 0],
    eve: [null, null, null, null],
  });
  expect(ask('flow', 'eve')).toMatchObject({ notices: ['account_inactive'], board: null, score: null });
  expect(ask('flow', 'zoe')).toMatchObject({ notices: ['account_never_seen'], board: null, score: null });
});
