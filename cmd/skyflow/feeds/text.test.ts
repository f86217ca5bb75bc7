import { describe, expect, test } from 'vitest';
import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { widthOf } from '../lens/width.ts';
import { checkText, listText } from './list-text.ts';
import { explainText, previewText, whyEmptyText } from './look-text.ts';
import { changeText, outcomeText, unreachable } from './publish-text.ts';
import { banText, bansText, createdKeyText, keysText, membersText } from './rules-text.ts';
import { bar, spark, statsText } from './stats-text.ts';

const draw = { color: false, width: 100 };
const alice = { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', handle: 'alice.example.com' };
const nobody = { did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', handle: null };

const feed: FeedsAnswer<'list'>['feeds'][number] = {
  rkey: 'whats-hot',
  displayName: "What's hot",
  personal: false,
  membersOnly: false,
  origin: 'skyflow',
  posts: 1_500,
  rankedAt: '2026-01-01T00:00:50.000Z',
  stale: false,
  error: null,
  publishedAs: [alice, nobody],
};
const list: FeedsAnswer<'list'> = { at: '2026-01-01T00:01:00.000Z', isServing: true, feeds: [feed], problems: [] };

/** A character that recolours a terminal, as a hostile name would bring. */
const escape = '\u001B[31m';

describe('list', () => {
  test('a feed in one line', () => {
    const line = listText(list, draw).split('\n')[1] ?? '';
    expect(line).toMatch(
      /^whats-hot {2}What's hot {2}shared {2}1,500 {2}10 s ago {2}@alice\.example\.com, did:plc:b+$/,
    );
  });

  test('what is wrong stands below, with folders that cannot be read', () => {
    const stale = { ...feed, stale: true, error: 'it took longer than 5 s' };
    const text = listText(
      { ...list, feeds: [stale], problems: [{ folder: '/f/bad', mistakes: ['No feed.json.'] }] },
      draw,
    );
    expect(text).toContain('10 s ago !');
    expect(text).toContain('  - It was last ranked 10 s ago; that is what it shows meanwhile.\n');
    expect(text).toContain('  - Its last refresh failed: it took longer than 5 s\n');
    expect(text).toContain('/f/bad\n  - No feed.json.\n');
  });

  test('from a store, nothing is claimed about freshness', () => {
    const text = listText({ ...list, isServing: false, feeds: [{ ...feed, posts: null, rankedAt: null }] }, draw);
    expect(text).toContain('does not run here');
    expect(text).not.toContain('not yet');
  });

  test.each([40, 60, 80, 140])('no line is wider than %i columns, and nothing escapes', (width) => {
    const hostile = {
      ...feed,
      displayName: `${escape}漢字漢字漢字漢字漢字`,
      publishedAs: Array.from({ length: 20 }, () => nobody),
    };
    const text = listText({ ...list, feeds: [feed, hostile], isServing: false }, { color: false, width });
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width);
    expect(text).not.toContain('\u001B');
  });
});

test('check: all in order, mistakes, and that nobody tried the statements', () => {
  const fine = { dirs: ['/f'], feeds: ['a', 'b'], problems: [], statementsChecked: true };
  expect(checkText(fine, draw)).toBe('All in order: 2 feeds in /f.\n');
  expect(checkText({ ...fine, statementsChecked: false }, draw)).toContain('not tried');
  const wrong = { ...fine, problems: [{ folder: '/f/c', mistakes: ['One.', 'Two.'] }] };
  expect(checkText(wrong, draw)).toBe('/f/c\n  - One.\n  - Two.\n\nIn order: a, b.\n');
});

const post = {
  uri: 'at://did:plc:a/app.bsky.feed.post/1',
  score: 12.345,
  parts: {},
  reason: null,
  context: null,
  author: alice,
  text: `two\nlines${escape}`,
};
const preview: FeedsAnswer<'preview'> = {
  rkey: 'flow',
  displayName: 'Flow',
  form: 'personal',
  shown: 'flow',
  viewer: nobody,
  report: { rows: 12, kept: 9, dropped: { deleted: 2, too_deep: 1, unknown: 0 }, tookMs: 40 },
  posts: [post, { ...post, score: 3, reason: 'at://did:plc:c/app.bsky.feed.repost/1', text: '' }],
};

describe('preview', () => {
  test('the posts in order, and what was left out', () => {
    const text = previewText(preview, draw);
    expect(text).toContain(`As ${nobody.did} sees it.`);
    expect(text).toMatch(/1 {2}12\.35 {2}@alice\.example\.com {2}two lines\[31m/);
    expect(text).toMatch(/2 {6}3 {2}@alice\.example\.com {2}\(no text\) +reposted/);
    expect(text).toContain('12 rows in 40 ms, 9 posts kept. Left out: 2 deleted, 1 too deep.');
    expect(text).not.toContain('\u001B');
  });

  test('a feed for each, asked for nobody, says whose it shows', () => {
    expect(previewText({ ...preview, form: 'public_form', shown: 'whats-hot' }, { ...draw, width: 200 })).toContain(
      'who are not signed in: whats-hot. For somebody: --viewer HANDLE',
    );
    const nothing = previewText({ ...preview, form: 'nothing', posts: [] }, draw);
    expect(nothing).toContain('see nothing');
    expect(nothing).not.toContain('why-empty');
  });

  test('an empty one leads on', () => {
    expect(previewText({ ...preview, posts: [] }, draw)).toContain('skyflow feeds why-empty flow');
  });

  test.each([40, 80])('no line is wider than %i columns', (width) => {
    const long = { ...post, text: '漢字 '.repeat(80), author: nobody };
    const text = previewText({ ...preview, posts: [long, post] }, { color: false, width });
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });
});

test('explain: there with its numbers, or not there with the conditions', () => {
  const there = {
    rkey: 'r',
    uri: post.uri,
    viewer: null,
    sentence: 'It is number 3 of 9.',
    rank: 3,
    score: 5,
    parts: { likes: 4 },
    filter: null,
    checks: [],
    rankedAt: '2026-01-01T00:00:00.000Z',
  };
  const text = explainText(there, draw);
  expect(text).toContain('There. It is number 3 of 9.');
  expect(text).toMatch(/ {2}score +5\n {4}likes +4\n/);
  const check = { name: 'enough likes', ok: false, value: '2', needs: 'at least 5' };
  const out = explainText(
    { ...there, rank: null, score: null, parts: {}, checks: [check, { ...check, ok: true }] },
    draw,
  );
  expect(out).toContain('Not there.');
  expect(out).toMatch(/NO +enough likes {2}2 {3}at least 5\nyes +enough likes/);
});

test('why-empty: one sentence a point', () => {
  const answer = { rkey: 'r', viewer: alice, sentences: ['One.', 'Two.'], rows: 0, kept: 0, dropped: {} };
  expect(whyEmptyText(answer, draw)).toBe('r  for @alice.example.com\n- One.\n- Two.\n');
});

describe('stats', () => {
  const day = (day: string, requests: number) => ({
    day,
    requests,
    firstPages: 1,
    viewers: 2,
    depth: 30,
    interactions: {},
  });

  test('bars: the most is as long as there is room, anything shows', () => {
    expect(bar(0, 100)).toBe('');
    expect(bar(100, 100, 10)).toBe('█'.repeat(10));
    expect(bar(1, 1_000_000, 10)).toBe('▏');
    expect(bar(55, 100, 10)).toBe(`${'█'.repeat(5)}▌`);
    expect(spark([0, 1, 100])).toBe('·▁█');
    expect(spark([0, 0])).toBe('··');
  });

  test('one feed by day', () => {
    const days = [
      day('2026-01-01', 10),
      { ...day('2026-01-02', 20), interactions: { requestLess: 3, interactionLike: 5 } },
    ];
    const text = statsText({ days: ['2026-01-01', '2026-01-02'], feeds: [{ rkey: 'r', days }] }, draw);
    expect(text).toMatch(/2026-01-01 +10 {2}█{12} +2 /);
    expect(text).toMatch(/2026-01-02 +20 {2}█{24} +2 .* like 5, less 3\n/);
  });

  test('all feeds: the most read first, with totals', () => {
    const feeds = [
      { rkey: 'a', days: [day('2026-01-01', 1), day('2026-01-02', 2)] },
      { rkey: 'b', days: [day('2026-01-01', 0), day('2026-01-02', 1_000)] },
    ];
    const lines = statsText({ days: ['2026-01-01', '2026-01-02'], feeds }, draw).split('\n');
    expect(lines[1]).toMatch(/^b +1,000 {2}·█/);
    expect(lines[2]).toMatch(/^a +3 {2}▄█/);
  });
});

describe('rules and keys', () => {
  test('bans and members', () => {
    expect(banText({ subject: alice.did, changed: true })).toContain('No feed shows it');
    expect(banText({ subject: alice.did, changed: false })).toContain('already');
    expect(bansText({ bans: [] }, draw)).toContain('Nobody');
    const ban = { subject: alice.did, handle: alice.handle, reason: `spam${escape}`, at: '2026-01-01T10:20:30.000Z' };
    expect(bansText({ bans: [ban] }, draw)).toMatch(
      /2026-01-01 10:20 {2}@alice\.example\.com {2}did:plc:a+ {2}spam\[31m\n/,
    );
    const members = membersText({ rkey: 'r', added: 2, removed: 0, members: [alice] }, draw);
    expect(members).toMatch(/^2 added\.\nr has 1 member\.\n/);
  });

  test('keys: the secret on a line of its own; whether each is good', () => {
    const key = {
      id: 'i',
      name: 'bot',
      prefix: 'sk_abcde',
      scopes: ['bans:read'],
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    };
    expect(createdKeyText({ secret: 'sk_secret', key }, draw).split('\n')).toContain('  sk_secret');
    const states = [
      key,
      { ...key, revokedAt: '2026-01-02T00:00:00.000Z' },
      { ...key, expiresAt: '2026-01-03T00:00:00.000Z' },
      { ...key, expiresAt: '2026-02-03T00:00:00.000Z' },
    ];
    const lines = keysText({ keys: states }, draw, Date.parse('2026-01-10T00:00:00.000Z')).split('\n');
    expect(lines.slice(1, 5).map((line) => /good until 2026-02-03|good|revoked|expired/.exec(line)?.[0])).toEqual([
      'good',
      'revoked',
      'expired',
      'good until 2026-02-03',
    ]);
  });
});

describe('publishing', () => {
  test('the difference and what became of it', () => {
    const lines = ['- displayName: "A"', `+ displayName: "B${escape}"`];
    const text = changeText({ rkey: 'r', kind: 'update', lines }, draw);
    expect(text).toBe('r  changed\n  - displayName: "A"\n  + displayName: "B[31m"\n');
    expect(outcomeText('r', { state: 'same', uri: 'at://x', cid: 'c' })).toContain('nothing written');
  });

  test.each([
    ['did:web:localhost%3A8000', true],
    ['did:web:localhost', true],
    ['did:web:127.0.0.1', true],
    ['did:web:feeds.example.com%3A8443', true],
    ['did:web:feeds.example.com', false],
    ['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', false],
  ])('%s: a warning where nobody can reach it: %s', (did, warned) => {
    expect(unreachable(did) !== undefined).toBe(warned);
  });
});
