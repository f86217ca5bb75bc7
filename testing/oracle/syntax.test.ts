import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dayOf, isDid, isNsid, isRecordKey, isTid, ownerOfUri, readTimeUs, tidTimeUs } from './syntax.ts';

const vectors = '../shared/data/vectors/syntax';
const hasVectors = existsSync(vectors);
if (!hasVectors)
  console.warn(`\n!!! SKIPPED: ${vectors} is absent: the protocol's own syntax lists were NOT checked !!!\n`);

const linesOf = (file: string): string[] =>
  readFileSync(`${vectors}/${file}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

describe.skipIf(!hasVectors)("the protocol's lists", () => {
  const checks: [string, (text: string) => boolean][] = [
    ['nsid', isNsid],
    ['recordkey', isRecordKey],
    ['tid', isTid],
  ];
  test.each(checks)('%s', (name, check) => {
    const [valid, invalid] = ['valid', 'invalid'].map((kind) => linesOf(`${name}_syntax_${kind}.txt`)) as [
      string[],
      string[],
    ];
    expect(valid.length * invalid.length).toBeGreaterThan(0);
    expect(valid.filter((text) => !check(text))).toEqual([]);
    expect(invalid.filter((text) => check(text))).toEqual([]);
  });

  test('did', () => {
    expect(linesOf('did_syntax_valid.txt').filter((text) => !isDid(text))).toEqual([]);
    expect(linesOf('did_syntax_invalid.txt').filter((text) => isDid(text))).toEqual([]);
  });

  test('at-uri: a part of the valid ones, as records are named by DID and in full', () => {
    const taken = linesOf('aturi_syntax_valid.txt').filter((text) => ownerOfUri(text) !== undefined);
    expect(taken.length).toBeGreaterThan(5);
    expect(taken.filter((text) => !/^at:\/\/did:[^/]+\/[^/]+\/[^/]+$/.test(text))).toEqual([]);
    expect(linesOf('aturi_syntax_invalid.txt').filter((text) => ownerOfUri(text) !== undefined)).toEqual([]);
  });

  test('datetime: all that are dates, within the years that are kept', () => {
    const valid = linesOf('datetime_syntax_valid.txt').filter((text) => /^(?:19[7-9]|20|21)/.test(text));
    expect(valid.length).toBeGreaterThan(5);
    for (const text of valid)
      expect([text, readTimeUs(text)]).toEqual([text, Math.floor(Date.parse(text)) * 1000 + microsOf(text)]);
    expect(linesOf('datetime_parse_invalid.txt').filter((text) => readTimeUs(text) !== undefined)).toEqual([]);
  });
});

/** The three digits after the milliseconds. */
const microsOf = (text: string): number => Number((/\.\d{3}(\d{0,3})/.exec(text)?.[1] ?? '').padEnd(3, '0'));

describe('times', () => {
  test('a TID holds microseconds', () => {
    expect(tidTimeUs('2222222222222')).toBe(0);
    // Made in the same second as the event that carried it was seen: 2024-11-13T23:19:37Z.
    expect(new Date(tidTimeUs('3lauicnw5op2f') / 1000).toISOString()).toMatch(/^2024-11-13T23:19:3/);
    expect(dayOf(tidTimeUs('3lauicnw5op2f'))).toBe('2024-11-13');
  });

  test.each([
    ['2024-02-29T12:00:00Z', Date.UTC(2024, 1, 29, 12) * 1000],
    ['2023-07-20T10:17:40.298101', Date.UTC(2023, 6, 20, 10, 17, 40) * 1000 + 298_101],
    ['2023-07-20T10:17:40.2981019+02:30', Date.UTC(2023, 6, 20, 7, 47, 40) * 1000 + 298_101],
    ['1969-12-31T23:00:00-02:00', 3_600_000_000],
    ['2199-12-31T23:59:59.999Z', Date.UTC(2200, 0, 1) * 1000 - 1000],
  ])('%s', (text, us) => {
    expect(readTimeUs(text)).toBe(us);
  });

  test.each([
    ['2023-02-29T12:00:00Z'],
    ['2024-04-31T00:00:00Z'],
    ['2024-01-01T24:00:00Z'],
    ['2024-01-01'],
    ['yesterday'],
    [''],
    ['1969-12-31T23:59:59Z'],
    ['1970-01-01T00:00:00+01:00'],
    ['2200-01-01T00:00:00Z'],
    ['0000-01-01T00:00:00Z'],
    [1_700_000_000],
    [null],
  ])('%s is no time', (text) => {
    expect(readTimeUs(text)).toBeUndefined();
  });
});
