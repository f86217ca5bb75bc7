import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAtUri } from './at-uri.ts';
import { parseDatetimeMs } from './datetime.ts';
import { isDid, isHandle, isNsid, isRecordKey } from './syntax.ts';
import { formatTid, parseTid, tidAt, tidTimeUs } from './tid.ts';

const vectors = new URL('../../../shared/data/vectors/syntax/', import.meta.url);
const present = existsSync(vectors);

const lines = (file: string): string[] =>
  readFileSync(new URL(file, vectors), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** The interoperability lists of the protocol: [name, check, what our narrower check leaves out on purpose]. */
const kinds: [string, (text: string) => boolean][] = [
  ['did', isDid],
  ['nsid', isNsid],
  ['recordkey', isRecordKey],
  ['handle', isHandle],
  ['tid', (text) => parseTid(text) !== undefined],
];

describe.skipIf(!present)('the protocol’s own vectors', () => {
  for (const [name, accepts] of kinds) {
    it(`accepts every valid ${name}`, () => {
      expect(lines(`${name}_syntax_valid.txt`).filter((text) => !accepts(text))).toEqual([]);
    });
    it(`refuses every invalid ${name}`, () => {
      expect(lines(`${name}_syntax_invalid.txt`).filter((text) => accepts(text))).toEqual([]);
    });
  }

  it('refuses every invalid at-uri', () => {
    expect(lines('aturi_syntax_invalid.txt').filter((text) => parseAtUri(text) !== undefined)).toEqual([]);
  });

  it('accepts every valid at-uri of a record named by DID', () => {
    const records = lines('aturi_syntax_valid.txt').filter((text) => /^at:\/\/did:[^/]+\/[^/]+\/[^/#?]+$/.test(text));
    expect(records.length).toBeGreaterThan(3);
    expect(records.filter((text) => parseAtUri(text) === undefined)).toEqual([]);
  });
});

if (!present) console.warn('SKIPPED: ../shared/data is absent, so the protocol’s syntax vectors were not tried');

describe('tid', () => {
  it('orders as integers the way it orders as text, and comes back as it was', () => {
    const texts = ['2222222222222', '3jzfcijpj2z2a', '3mmoojp7etg2g', '7777777777777', 'jzzzzzzzzzzzz'];
    const values = texts.map((text) => parseTid(text) as bigint);
    expect(values.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(values);
    expect(values.map(formatTid)).toEqual(texts);
  });

  it('holds its microseconds', () => {
    expect(tidTimeUs(tidAt(1_779_719_008_778_123, 77))).toBe(1_779_719_008_778_123);
    expect(parseTid(formatTid(tidAt(1_779_719_008_778_123, 77)))).toBe(tidAt(1_779_719_008_778_123, 77));
  });

  it('is undefined for 13 characters that are none', () => {
    for (const text of ['3jzfcijpj2z2A', '0000000000000', 'zzzzzzzzzzzzz', '3jzfcijpj2zé2', 'kjzfcijpj2z2a']) {
      expect(parseTid(text)).toBeUndefined();
    }
  });
});

describe('datetime', () => {
  it('reads a missing zone as UTC, and any length of fraction', () => {
    expect(parseDatetimeMs('2024-09-21T10:00:00')).toBe(Date.UTC(2024, 8, 21, 10));
    expect(parseDatetimeMs('2024-09-21T10:00:00.123456789Z')).toBe(Date.UTC(2024, 8, 21, 10, 0, 0, 123));
    expect(parseDatetimeMs('2024-09-21T10:00:00.5+02:00')).toBe(Date.UTC(2024, 8, 21, 8, 0, 0, 500));
  });
  it('is undefined for what is no date', () => {
    for (const text of [
      '',
      'yesterday',
      '2024-13-45T99:99:99Z',
      '2024',
      '1',
      '-000001-01-01T00:00:00Z',
      '9999-01-01T00:00:00Z',
    ]) {
      expect(parseDatetimeMs(text)).toBeUndefined();
    }
  });
});
