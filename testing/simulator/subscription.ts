/** What a subscriber asked for: the query of `/subscribe`, or a later `options_update`. */
export interface Filter {
  /** Exact collections; undefined together with `prefixes` means all of them. */
  collections: ReadonlySet<string> | undefined;
  /** Beginnings of collections, with the dot: `app.bsky.graph.` for `app.bsky.graph.*`. */
  prefixes: readonly string[];
  dids: ReadonlySet<string> | undefined;
  /** Longest frame in bytes; 0 for no limit. */
  maxBytes: number;
}

/** A whole subscription. */
export interface Subscription {
  filter: Filter;
  /** First time wanted, in microseconds, inclusive; undefined for the live tip. */
  cursorUs: number | undefined;
  /** Whether to send nothing before an `options_update` has come. */
  waitForHello: boolean;
}

/** A subscription, or the sentence with which a real host refuses it. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

const MAX_COLLECTIONS = 100;
const MAX_DIDS = 10_000;
const NSID = /^[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]*)+$/;
const PREFIX = /^[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]*)*\.\*$/;

const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

const makeFilter = (collections: readonly string[], dids: readonly string[], maxBytes: number): Parsed<Filter> => {
  if (collections.length > MAX_COLLECTIONS) return refuse(`too many collections: ${collections.length}`);
  if (dids.length > MAX_DIDS) return refuse(`too many DIDs: ${dids.length}`);
  const prefixes = collections.filter((each) => PREFIX.test(each)).map((each) => each.slice(0, -1));
  const exact = collections.filter((each) => !PREFIX.test(each));
  const wrong = exact.find((each) => !NSID.test(each));
  if (wrong !== undefined) return refuse(`invalid collection: ${wrong}`);
  const wrongDid = dids.find((each) => !each.startsWith('did:'));
  if (wrongDid !== undefined) return refuse(`invalid DID: ${wrongDid}`);
  const filter: Filter = {
    collections: collections.length > 0 ? new Set(exact) : undefined,
    prefixes,
    dids: dids.length > 0 ? new Set(dids) : undefined,
    maxBytes: Math.max(0, maxBytes),
  };
  return { ok: true, value: filter };
};

const WHOLE = /^-?\d+$/;

/** Reads the query of a request to `/subscribe`. `compress` is ignored: everything goes out as plain text. */
export const parseSubscription = (query: URLSearchParams): Parsed<Subscription> => {
  const cursor = query.get('cursor') ?? '';
  if (cursor !== '' && !WHOLE.test(cursor)) return refuse(`invalid cursor: ${cursor}`);
  const maxBytes = query.get('maxMessageSizeBytes') ?? '0';
  if (!WHOLE.test(maxBytes)) return refuse(`invalid maxMessageSizeBytes: ${maxBytes}`);
  const filter = makeFilter(query.getAll('wantedCollections'), query.getAll('wantedDids'), Number(maxBytes));
  if (!filter.ok) return filter;
  const waitForHello = query.get('requireHello') === 'true';
  return {
    ok: true,
    value: { filter: filter.value, cursorUs: cursor === '' ? undefined : Number(cursor), waitForHello },
  };
};

const strings = (value: unknown): string[] | undefined => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
};

/** Reads a message from a subscriber: an `options_update` gives the new filter, everything else is refused. */
export const parseOptionsUpdate = (message: string): Parsed<Filter> => {
  let parsed: { type?: unknown; payload?: { [key: string]: unknown } | null } | null;
  try {
    parsed = JSON.parse(message) as typeof parsed;
  } catch {
    return refuse('the message is not JSON');
  }
  if (parsed?.type !== 'options_update') return refuse('the message is no options_update');
  const collections = strings(parsed.payload?.['wantedCollections']);
  const dids = strings(parsed.payload?.['wantedDids']);
  if (collections === undefined || dids === undefined)
    return refuse('wantedCollections and wantedDids are lists of text');
  return makeFilter(collections, dids, Number(parsed.payload?.['maxMessageSizeBytes'] ?? 0) || 0);
};

const DID = /^\{"did":"([^"\\]*)"/;
const COLLECTION = /"collection":"([^"\\]*)"/;

/**
 * Whether a frame passes a filter. Identity and account frames ignore it, and so does a frame so damaged that it
 * names no collection. The names are read from the text, which is far cheaper than parsing it.
 */
export const passes = (filter: Filter, data: Buffer): boolean => {
  if (filter.maxBytes > 0 && data.length > filter.maxBytes) return false;
  if (filter.collections === undefined && filter.dids === undefined) return true;
  const head = data.toString('latin1', 0, 2_048);
  const collection = COLLECTION.exec(head)?.[1];
  if (collection === undefined) return true;
  const did = DID.exec(head)?.[1];
  if (filter.dids !== undefined && did !== undefined && !filter.dids.has(did)) return false;
  if (filter.collections === undefined || filter.collections.has(collection)) return true;
  return filter.prefixes.some((prefix) => collection.startsWith(prefix));
};
