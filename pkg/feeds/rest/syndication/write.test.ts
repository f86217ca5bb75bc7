import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFileName, isKnown } from './syndicate.ts';
import type { ReadablePost } from './texts.ts';
import { FORMATS, type ReadableFeed, writeFeed } from './write.ts';
import { xmlText } from './xml.ts';

/**
 * The texts of all elements of an XML document, by their names. Throws for what is not well formed: an element that is not
 * closed, text outside of one, an unknown entity, a character that XML does not have.
 */
function readXml(xml: string): { readonly name: string; readonly text: string }[] {
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(xml))
    throw new Error('a character that is not XML');
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  if (body === xml) throw new Error('no declaration');
  const found: { name: string; text: string }[] = [];
  const open: { name: string; text: string }[] = [];
  let at = 0;
  const token = /<(\/?)([A-Za-z][\w:]*)((?: [A-Za-z:]+="[^"<]*")*)(\/?)>|([^<]+)/y;
  while (at < body.length) {
    token.lastIndex = at;
    const match = token.exec(body);
    if (match === null) throw new Error(`not well formed at ${body.slice(at, at + 40)}`);
    at = token.lastIndex;
    const [, closing, name = '', attributes = '', empty, text] = match;
    for (const piece of [attributes, text ?? '']) {
      if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(piece) || piece.includes(']]>'))
        throw new Error(`unescaped in ${piece}`);
    }
    const top = open.at(-1);
    if (text !== undefined) {
      if (top === undefined && text.trim() !== '') throw new Error('text outside of the document');
      if (top !== undefined) top.text += unescaped(text);
    } else if (closing === '/') {
      if (top?.name !== name) throw new Error(`</${name}> closes <${top?.name}>`);
      open.pop();
    } else {
      if (top === undefined && found.length > 0) throw new Error('two documents');
      const element = { name, text: '' };
      found.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  return found;
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');

const post = (text: string, rkey = '3l3qo2vutsw2b', handle: string | undefined = 'alice.example'): ReadablePost => ({
  uri: `at://did:plc:alice/app.bsky.feed.post/${rkey}`,
  did: 'did:plc:alice',
  rkey,
  handle,
  text,
  postedMs: 1_700_000_000_000,
});
const feed = (posts: readonly ReadablePost[], changes: Partial<ReadableFeed> = {}): ReadableFeed => ({
  title: 'Hot',
  description: 'What is hot',
  homeUrl: 'https://bsky.app/profile/did:plc:owner/feed/hot',
  selfUrl: 'https://skyflow.test/feeds/hot.rss',
  imageUrl: undefined,
  posts,
  ...changes,
});

/** Texts as people and attackers write them, with every character a string can hold. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc
    .array(
      fc.constantFrom(
        ']]>',
        '<![CDATA[',
        '</description>',
        '<script>',
        '&',
        '&amp;',
        '&#0;',
        '"',
        "'",
        '\0',
        '\r',
        '\n',
        '\ud800',
        '🦋',
        '<!--',
        '-->',
      ),
    )
    .map((parts) => parts.join('')),
);

describe('RSS and Atom', () => {
  test('are well formed whatever anybody wrote', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 3 }), anyText, anyText, (texts, title, description) => {
        const whole = feed(
          texts.map((text, index) => post(text, `r${index}`)),
          {
            title,
            description,
            imageUrl: `https://skyflow.test/${encodeURIComponent(title.toWellFormed())}`,
          },
        );
        for (const format of ['rss', 'atom'] as const) {
          const elements = readXml(writeFeed(format, whole));
          const items = elements.filter(({ name }) => name === (format === 'rss' ? 'item' : 'entry'));
          expect(items).toHaveLength(texts.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('say what was written', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const content = readXml(writeFeed('atom', feed([post(text)]))).find(({ name }) => name === 'content');
        expect(content?.text).toBe(unescaped(xmlText(text)));
      }),
    );
    const text = 'a < b & "c"\n<b>not bold</b>';
    const elements = readXml(writeFeed('rss', feed([post(text)])));
    // HTML in XML: escaped twice, so that readers show it as it is.
    expect(elements.find(({ name, text: shown }) => name === 'description' && shown.includes('not bold'))?.text).toBe(
      'a &lt; b &amp; &quot;c&quot;<br/>&lt;b&gt;not bold&lt;/b&gt;',
    );
    expect(elements.find(({ name }) => name === 'guid')?.text).toBe(
      'at://did:plc:alice/app.bsky.feed.post/3l3qo2vutsw2b',
    );
    expect(writeFeed('rss', feed([post(text)]))).toContain('https://bsky.app/profile/did:plc:alice/post/3l3qo2vutsw2b');
  });

  test('the reader of this test refuses what is not well formed', () => {
    const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
    for (const bad of [
      '<a><b></a></b>',
      '<a>&nbsp;</a>',
      '<a>\u0000</a>',
      '<a>',
      '<a/><b/>',
      '<a>]]></a>',
      '<a b="<"/>',
      'x<a/>',
    ]) {
      expect(() => readXml(head + bad), bad).toThrow();
    }
    expect(readXml(`${head}<a x="1">t</a>`)).toEqual([{ name: 'a', text: 't' }]);
  });
});

test('JSON Feed is JSON with the same posts', () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 3 }), (texts) => {
      const document = JSON.parse(writeFeed('json', feed(texts.map((text) => post(text))))) as {
        version: string;
        items: { content_text: string }[];
      };
      expect(document.version).toBe('https://jsonfeed.org/version/1.1');
      expect(document.items.map(({ content_text }) => content_text)).toEqual(texts);
    }),
  );
});

test('a long post has a short title that ends between characters, and no empty one', () => {
  const titles = (text: string, handle?: string) =>
    readXml(writeFeed('rss', feed([post(text, 'x', handle)])))
      .filter(({ name }) => name === 'title')
      .map((element) => element.text);
  expect(titles('  \n ')).toEqual(['Hot', '@alice.example']);
  expect(titles('🦋'.repeat(100))[1]).toBe(`@alice.example: ${'🦋'.repeat(80)}…`);
  expect(titles('short')[1]).toBe('@alice.example: short');
});

test.each([
  ['hot.rss', { rkey: 'hot', format: 'rss' }],
  ['a.b.atom', { rkey: 'a.b', format: 'atom' }],
  ['.rss', undefined],
  ['hot', undefined],
  ['hot.xml', undefined],
  ['hot.rss.', undefined],
  ['hot.RSS', undefined],
  ['', undefined],
])('%j is the file of %j', (file, expected) => {
  expect(readFileName(file)).toEqual(expected);
  expect(FORMATS).toEqual(['rss', 'atom', 'json']);
});

test('who has a document is not sent it again', () => {
  const document = { text: '', etag: '"x"', sinceMs: Date.parse('2026-01-01T00:00:00.700Z') };
  const asked = (ifNoneMatch?: string, ifModifiedSince?: string) => isKnown(document, { ifNoneMatch, ifModifiedSince });
  expect(asked()).toBe(false);
  for (const tag of ['"x"', 'W/"x"', '"y", "x"', '*']) expect(asked(tag), tag).toBe(true);
  expect(asked('"y"', 'Thu, 01 Jan 2026 00:00:00 GMT')).toBe(false);
  expect(asked(undefined, 'Thu, 01 Jan 2026 00:00:00 GMT')).toBe(true);
  expect(asked(undefined, 'Wed, 31 Dec 2025 23:59:59 GMT')).toBe(false);
  expect(asked(undefined, 'rubbish')).toBe(false);
});
