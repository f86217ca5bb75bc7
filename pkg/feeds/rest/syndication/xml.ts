/** XML by hand: two small documents whose texts anybody on the network may have written. */

/** What XML 1.0 has no place for, escaped or not. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Any text as what stands in an element or an attribute. Control characters are left out, halves of characters replaced. */
export const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(NOT_XML, '')
    .replace(/[&<>"']/g, (found) => ESCAPES[found] ?? '');

/** A text as HTML that shows it as it is. */
export const htmlOf = (text: string): string => xmlText(text).replaceAll('\n', '<br/>');

type Attributes = Readonly<Record<string, string>>;

/** An element with text, or with elements (as what this function returned). */
export const element = (name: string, content: string | readonly Element[], attributes: Attributes = {}): Element => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${xmlText(value)}"`);
  const inside = typeof content === 'string' ? xmlText(content) : content.map(({ xml }) => xml).join('');
  return { xml: `<${name}${written.join('')}${inside === '' ? '/>' : `>${inside}</${name}>`}` };
};

/** XML that is well formed. */
export interface Element {
  readonly xml: string;
}

export const xmlDocument = ({ xml }: Element): string => `<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`;
