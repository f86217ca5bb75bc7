/** No person's list of languages is longer; a header may be anything. */
const MAX_HEADER_CHARS = 1_000;
const MAX_LANGUAGES = 30;

const ALL: readonly string[] = [];

/**
 * The languages that a client says its user reads: primary subtags in lower case, in alphabetical order. Empty: all of them, as
 * when nothing is said, or `*`. Those with a weight of 0 are not wanted; other weights choose nothing.
 */
export function readLanguages(header: string | null): readonly string[] {
  if (header === null || header === '') return ALL;
  const wanted = new Set<string>();
  for (const part of header.slice(0, MAX_HEADER_CHARS).split(',', MAX_LANGUAGES)) {
    const [range = '', ...parameters] = part.split(';');
    if (parameters.some((parameter) => /^\s*q\s*=\s*0(\.0*)?\s*$/i.test(parameter))) continue;
    const tag = range.trim();
    if (tag === '*') return ALL;
    const primary = tag.split('-', 1)[0]?.toLowerCase() ?? '';
    if (/^[a-z]{2,8}$/.test(primary)) wanted.add(primary);
  }
  return [...wanted].toSorted();
}

/** Whether a post in `langs` is for one who reads `wanted`. A post that names no language is for everybody. */
export const isReadable = (langs: readonly string[], wanted: readonly string[]): boolean =>
  wanted.length === 0 || langs.length === 0 || langs.some((lang) => wanted.includes(lang));
