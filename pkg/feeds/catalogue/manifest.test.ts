import { describe, expect, test } from 'vitest';
import { readManifest, readTemplateManifest, rkeyMistake } from './manifest.ts';

const read = (fields: Record<string, unknown>) => readManifest(JSON.stringify({ displayName: 'Cats', ...fields }));
const mistakes = (fields: Record<string, unknown>): readonly string[] => {
  const result = read(fields);
  return result.ok ? [] : result.mistakes;
};

test('what is left out is filled in', () => {
  expect(read({})).toEqual({
    ok: true,
    value: {
      displayName: 'Cats',
      description: '',
      languages: 'any',
      contentMode: 'unspecified',
      acceptsInteractions: false,
      visibility: 'public',
      order: 'score',
      refresh: 60_000,
      keep: 1_800_000,
      pageSize: 50,
      maxPosts: 500,
      replies: true,
      labels: [],
      settings: {},
    },
  });
});

test('what is written is taken', () => {
  const fields = {
    displayName: '🏳️‍🌈'.repeat(12),
    description: 'd'.repeat(300),
    avatar: 'me.jpg',
    languages: ['en', 'pt'],
    contentMode: 'video',
    acceptsInteractions: true,
    visibility: 'members',
    order: 'time',
    publicForm: 'whats-hot',
    pageSize: 100,
    maxPosts: 2000,
    replies: false,
    perAuthor: 3,
    labels: ['sexual', '!no-unauthenticated'],
    settings: { hours: 1, words: ['a'], ids: [1.5], on: false, text: '', none: [] },
  };
  expect(read({ ...fields, refresh: '1h', keep: '24h' })).toEqual({
    ok: true,
    value: { ...fields, refresh: 3_600_000, keep: 86_400_000 },
  });
});

describe('a mistake is said with the name of its field', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ displayName: 'a'.repeat(25) }, 'feed.json: displayName must be a text of 1 to 24 characters.'],
    [{ displayName: ' ' }, 'feed.json: displayName must be a text of 1 to 24 characters.'],
    [{ displayName: undefined }, 'feed.json: displayName must be a text of 1 to 24 characters.'],
    [{ displayName: '👨‍👩‍👧‍👦'.repeat(10) }, 'feed.json: displayName must be a text of 1 to 24 characters.'],
    [{ description: 'a'.repeat(301) }, 'feed.json: description must be a text of at most 300 characters.'],
    [{ displayname: 'x' }, 'feed.json has an unknown field displayname. Did you mean displayName?'],
    [{ sql: 'x' }, 'feed.json has an unknown field sql.'],
    [{ avatar: '../me.png' }, 'feed.json: avatar must be the name of a PNG or JPEG file in the folder.'],
    [{ languages: 'en' }, 'feed.json: languages must be "any", "viewer" or a list of languages such as ["en", "pt"].'],
    [
      { languages: ['EN'] },
      'feed.json: languages must be "any", "viewer" or a list of languages such as ["en", "pt"].',
    ],
    [{ contentMode: 'audio' }, 'feed.json: contentMode must be "unspecified" or "video".'],
    [{ acceptsInteractions: 'yes' }, 'feed.json: acceptsInteractions must be true or false.'],
    [{ refresh: '400ms' }, 'feed.json: refresh must be a time from 500 ms to 1 h, such as "15s".'],
    [{ refresh: '2h' }, 'feed.json: refresh must be a time from 500 ms to 1 h, such as "15s".'],
    [{ refresh: 15 }, 'feed.json: refresh must be a time from 500 ms to 1 h, such as "15s".'],
    [{ keep: '4m' }, 'feed.json: keep must be a time from 5 min to 24 h, such as "30m".'],
    [{ pageSize: 0 }, 'feed.json: pageSize must be a whole number from 1 to 100.'],
    [{ pageSize: 101 }, 'feed.json: pageSize must be a whole number from 1 to 100.'],
    [{ maxPosts: 9 }, 'feed.json: maxPosts must be a whole number from 10 to 2000.'],
    [{ maxPosts: 10.5 }, 'feed.json: maxPosts must be a whole number from 10 to 2000.'],
    [{ labels: 'sexual' }, 'feed.json: labels must be a list of label values.'],
    [{ labels: [1] }, 'feed.json: labels.0 must be the value of a label, such as "sexual".'],
    [
      { settings: { Hours: 1 } },
      'feed.json: settings.Hours has a name that is not made of lower-case letters, digits and _.',
    ],
    [
      { settings: { viewer: 1 } },
      'feed.json: settings.viewer has a name that is given to every statement; use another.',
    ],
    [
      { settings: { hours: null } },
      'feed.json: settings.hours must be a number, a text, true or false, or a list of texts or of numbers, with at most 2,000 characters or items.',
    ],
    [
      { settings: { a: ['x', 1] } },
      'feed.json: settings.a must be a number, a text, true or false, or a list of texts or of numbers, with at most 2,000 characters or items.',
    ],
  ])('%j', (fields, sentence) => {
    expect(mistakes(fields)).toEqual([sentence]);
  });

  test('all of them at once', () => {
    expect(mistakes({ pageSize: 0, maxPosts: 0, order: 'x' })).toHaveLength(3);
  });

  test('keep must last until the next ranking', () => {
    expect(mistakes({ refresh: '1h', keep: '30m' })[0]).toContain('keep must not be shorter than refresh');
  });
});

test('what is no JSON, or no object', () => {
  expect(readManifest('{"displayName": ')).toMatchObject({ ok: false });
  for (const text of ['[]', '1', 'null', '"x"'])
    expect(readManifest(text)).toEqual({ ok: false, mistakes: ['feed.json must be a JSON object: {...}.'] });
});

test('the name of a folder is a record key', () => {
  for (const name of ['a', 'whats-hot', 'top-24h', 'a'.repeat(15)]) expect(rkeyMistake(name)).toBeUndefined();
  for (const name of ['', 'A', 'a_b', '-a', 'a-', 'a'.repeat(16), 'a.b', 'é'])
    expect(rkeyMistake(name)).toContain('1 to 15');
});

test('a template says what its settings are for', () => {
  const settings = { words: { help: 'Words.' }, hours: { help: 'Hours.', default: 24 } };
  expect(readTemplateManifest(JSON.stringify({ description: 'Posts with words.', settings }))).toEqual({
    ok: true,
    value: { description: 'Posts with words.', settings },
  });
  expect(readTemplateManifest('{"description":"x","settings":{"a":{"default":1}}}')).toEqual({
    ok: false,
    mistakes: ['template.json: settings.a.help must say in a sentence what it is for.'],
  });
});
