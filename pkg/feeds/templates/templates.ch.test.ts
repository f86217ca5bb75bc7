import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FeedAsker, feedIn, withSettings } from '#testing/feeds/ask.ts';
import { type Asked, latest, pulse, trending } from '#testing/feeds/model.ts';
import { keyword, language } from '#testing/feeds/templates.ts';
import { factsOf } from '#testing/lenses/facts.ts';
import { Indexed } from '#testing/lenses/indexed.ts';
import { toldAnything } from '#testing/lenses/told.ts';
import { createWorld } from '#testing/simulator/world.ts';
import type { Feed, SettingValue } from '../feed.ts';

// A simulated network of some days, with nonsense among its frames.
const world = createWorld({
  seed: 21,
  accounts: 150,
  eventsPerSecond: 0.05,
  startUs: Date.UTC(2026, 0, 5) * 1000,
  hostile: { probability: 0.03 },
});
const frames = Array.from({ length: 8_000 }, () => world.next().text);
const facts = factsOf(toldAnything(frames));
const nowMs = Math.ceil(world.nowUs() / 1000) + 1;
const dids = world.accounts().map(({ did }) => did);

let indexed: Indexed;
let asker: FeedAsker;
let asked: Asked;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-templates-'));
  indexed = await Indexed.open();
  await indexed.take(frames);
  asker = await FeedAsker.open(indexed.store, facts);
  asked = { facts, nowMs, viewer: dids[0] ?? '', keyOf: asker.keyOf };
}, 120_000);
afterAll(async () => {
  await indexed.close();
  await rm(folder, { recursive: true, force: true });
});

/** A feed made from a template, as an operator makes one. */
const made = async (template: string, settings: Readonly<Record<string, SettingValue>>): Promise<Feed> => {
  const path = join(folder, 'a-feed');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'feed.json'), JSON.stringify({ displayName: 'A feed', template, settings }));
  return feedIn(path);
};

/** The commonest first. */
const commonest = (values: readonly string[]): string[] =>
  [...Map.groupBy(values, (value) => value)]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([value]) => value);

describe('members', () => {
  const members = [...dids.slice(0, 20), 'did:plc:nobodyknowsthisone'];
  test.each([
    { window_days: 30, replies: false },
    { window_days: 1, replies: true },
  ])('%o', async (settings) => {
    const feed = await made('members', settings);
    const expected = latest(asked, {
      authors: new Set(members),
      days: settings.window_days,
      replies: settings.replies,
    });
    expect(asker.differences(expected, await asker.rows(feed, asked, members))).toEqual([]);
    expect(expected.length).toBeGreaterThan(20);
    expect(feed.personal).toBe(false);
    expect(feed.asksMembers).toBe(true);
  });

  test('nobody is a member', async () => {
    expect(await asker.rows(await made('members', {}), asked)).toEqual([]);
  });
});

describe('static', () => {
  test('in the order of the list, pinned or not', async () => {
    const shown = facts.posts.filter(({ author }) => facts.isActive(author));
    const posts = shown.slice(0, 5).map(({ uri }) => uri);
    for (const pinned of [true, false]) {
      const rows = await asker.rows(await made('static', { posts, pinned }), asked);
      expect(rows.map(({ uri }) => uri)).toEqual(posts);
      expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set([pinned ? 'pin' : '']));
    }
  });
});

describe('keyword', () => {
  const none = { words: [], hashtags: [], pattern: undefined };
  const tags = commonest(facts.posts.flatMap(({ post }) => post.tags));
  test.each([
    { include: { ...none, words: ['with', 'ônibus'] }, exclude: none, replies: true },
    { include: { ...none, words: ['RAIN', 'Game'] }, exclude: { ...none, words: ['with', 'Match'] }, replies: true },
    // Within a word no word is found, but in scripts without spaces it is.
    { include: { ...none, words: ['aphone', 'c++', '(', '今天', 'ฝนตก'] }, exclude: none, replies: false },
    {
      include: { ...none, hashtags: [`#${tags[0]?.toUpperCase()}`] },
      exclude: { ...none, hashtags: tags.slice(1, 3) },
      replies: true,
    },
    { include: { ...none, pattern: /[aeiou]{2}/ }, exclude: { ...none, pattern: /^[A-M]/ }, replies: false },
    { include: none, exclude: none, replies: true },
  ])('$include.words $include.hashtags $include.pattern', async ({ include, exclude, replies }) => {
    const windowHours = 30;
    const feed = await made('keyword', {
      words: include.words,
      hashtags: include.hashtags,
      pattern: include.pattern?.source ?? '',
      exclude_words: exclude.words,
      exclude_hashtags: exclude.hashtags,
      exclude_pattern: exclude.pattern?.source ?? '',
      window_hours: windowHours,
      replies,
    });
    const expected = keyword(asked, { include, exclude, windowHours, replies });
    expect(asker.differences(expected, await asker.rows(feed, asked))).toEqual([]);
    if (include !== none) expect(expected.length).toBeGreaterThan(0);
  });
});

describe('language', () => {
  const langs = commonest(
    facts.posts.flatMap(({ post }) => post.langs.map((lang) => lang.split('-')[0]?.toLowerCase() ?? '')),
  );
  test.each([
    { langs: langs.slice(0, 1), mode: 'trending', windowHours: 40, minLikes: 1 },
    { langs: langs.slice(1, 4), mode: 'trending', windowHours: 24, minLikes: 2 },
    { langs: langs.slice(0, 2), mode: 'latest', windowHours: 24, minLikes: 2 },
    { langs: ['tlh'], mode: 'latest', windowHours: 24, minLikes: 2 },
  ])('%o', async (settings) => {
    const { mode, windowHours: window_hours, minLikes: min_likes } = settings;
    const feed = await made('language', { langs: settings.langs, mode, window_hours, min_likes });
    const expected = language(asked, settings);
    expect(asker.differences(expected, await asker.rows(feed, asked))).toEqual([]);
    if (settings.langs[0] !== 'tlh') expect(expected.length).toBeGreaterThan(0);
  });
});

describe('trending', () => {
  const settings = { window_minutes: 1_440, max_age_hours: 168, gravity: 1.8, min_likes: 15, fill: 100 };
  test.each([{}, { gravity: 0, min_likes: 3, fill: 0 }, { window_minutes: 300, max_age_hours: 5 }])(
    '%o',
    async (other) => {
      const all = { ...settings, ...other };
      const expected = trending(asked, all);
      expect(asker.differences(expected, await asker.rows(await made('trending', all), asked))).toEqual([]);
      expect(expected.length).toBeGreaterThan(5);
    },
  );

  test('a sample chooses among the same posts with the same figures', async () => {
    const whole = trending(asked, { ...settings, fill: 1_000 });
    const rows = await asker.rows(await made('trending', { fill: 1_000, sample: 1_500 }), asked);
    const chosen = new Set(rows.map((row) => asker.uriOf(row)));
    // The fewer there are to be chosen from, the fewer have more likes than one: what is there stands there rightly.
    expect(
      asker.differences(
        whole.filter(({ uri }) => chosen.has(uri)),
        rows,
      ),
    ).toEqual([]);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThan(whole.length);
  });
});

describe('pulse', () => {
  const ours = fileURLToPath(new URL('../ours/pulse', import.meta.url));
  test('of the whole network', async () => {
    const settings = { window_minutes: 120, min_recent: 2 };
    const expected = pulse(asked, settings);
    expect(asker.differences(expected, await asker.rows(withSettings(await feedIn(ours), settings), asked))).toEqual(
      [],
    );
    expect(expected.length).toBeGreaterThan(5);
  });

  test('no language takes all the places', async () => {
    const feed = withSettings(await feedIn(ours), { window_minutes: 720, min_recent: 1, per_language: 2 });
    const rows = await asker.rows(feed, asked);
    const langs = rows.map(
      (row) => facts.posts.find(({ uri }) => uri === asker.uriOf(row))?.post.langs[0]?.split('-')[0] ?? '',
    );
    for (const [, these] of Map.groupBy(langs, (lang) => lang)) expect(these.length).toBeLessThan(3);
    expect(new Set(langs).size).toBeGreaterThan(2);
  });
});
