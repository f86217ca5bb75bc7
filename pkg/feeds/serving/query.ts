import { type Refusal, invalid } from './answers.ts';

/** What a client asks of a feed. */
export interface SkeletonQuery {
  readonly feed: string;
  /** Undefined: not said. */
  readonly limit: number | undefined;
  /** Undefined: the first page. */
  readonly cursor: string | undefined;
}

export const MAX_LIMIT = 100;

const KNOWN = new Set(['feed', 'limit', 'cursor']);

/**
 * Reads the query of getFeedSkeleton. What it does not know is passed over, as the protocol has it; each that it knows may
 * stand there once.
 * @param text what follows the `?`
 */
export function readSkeletonQuery(text: string): SkeletonQuery | Refusal {
  const given = new Map<string, string>();
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (!KNOWN.has(name)) continue;
    if (given.has(name)) return invalid(`${name} may be given once`);
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    if (value === undefined) return invalid(`${name} is not well encoded`);
    given.set(name, value);
  }
  const feed = given.get('feed');
  if (feed === undefined || feed === '') return invalid('feed is missing');
  const limit = readLimit(given.get('limit'));
  if (limit === 'mistake') return invalid(`limit must be a whole number from 1 to ${MAX_LIMIT}`);
  return { feed, limit, cursor: given.get('cursor') };
}

function readLimit(text: string | undefined): number | undefined | 'mistake' {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) return 'mistake';
  const limit = Number(text);
  return limit >= 1 && limit <= MAX_LIMIT ? limit : 'mistake';
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text);
  } catch {
    return undefined;
  }
}
