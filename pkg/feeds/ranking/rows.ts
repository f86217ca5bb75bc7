import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { collections } from '#pkg/atproto/collections.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import type { PostRef } from '../feed.ts';

/** Who reposted: the record by its keys, with its at-uri where the statement gave that. */
export interface RepostRef extends PostRef {
  readonly uri: string | undefined;
}

/** A row of a feed's statement that could be read. Nothing is known about the post yet. */
export interface Candidate extends PostRef {
  /** Undefined where the statement gave ids. */
  readonly uri: string | undefined;
  readonly score: number;
  readonly reason: 'pin' | RepostRef | undefined;
  readonly context: string | undefined;
  /** Of those that have the same, only the best is shown; undefined: of its own. */
  readonly oneOf: string | undefined;
  readonly parts: Readonly<Record<string, number>> | undefined;
}

type Row = Readonly<Record<string, unknown>>;

/** The lexicon's own limit. */
const maxContext = 2_000;
/** More would make a ranking large, and nobody reads them. */
const maxParts = 20;
const notParts: ReadonlySet<string> = new Set([
  'uri',
  'actor_id',
  'tid',
  'score',
  'reason',
  'reposter_id',
  'repost_tid',
  'context',
  'one_of',
]);
const max64 = (1n << 64n) - 1n;

/** A number, or a 64-bit integer, which comes as text. Undefined for anything else, and for what is not finite. */
const numberOf = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : undefined;
};

const idOf = (value: unknown): bigint | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return undefined;
  const id = BigInt(value);
  return id <= max64 ? id : undefined;
};

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '';

const recordOf = (value: unknown, collection: string, keys: Keys): (PostRef & { uri: string }) | undefined => {
  const parsed = typeof value === 'string' ? parseAtUri(value) : undefined;
  if (typeof value !== 'string' || parsed?.collection !== collection) return undefined;
  return { actorId: keys.actorId(parsed.did), tid: keys.recordKey(collection, parsed.rkey).key, uri: value };
};

const postOf = (row: Row, keys: Keys): (PostRef & { uri: string | undefined }) | undefined => {
  if (row['uri'] !== undefined) return recordOf(row['uri'], collections.post, keys);
  const actorId = idOf(row['actor_id']);
  const tid = idOf(row['tid']);
  return actorId === undefined || tid === undefined ? undefined : { actorId, tid, uri: undefined };
};

const reasonOf = (row: Row, keys: Keys): Candidate['reason'] | 'malformed' => {
  const { reason } = row;
  if (reason === 'pin') return 'pin';
  if (!isNothing(reason)) return recordOf(reason, collections.repost, keys) ?? 'malformed';
  if (isNothing(row['reposter_id']) && isNothing(row['repost_tid'])) return undefined;
  const actorId = idOf(row['reposter_id']);
  const tid = idOf(row['repost_tid']);
  if (actorId === undefined || tid === undefined) return 'malformed';
  // What an outer join gives where there is none.
  return actorId === 0n || tid === 0n ? undefined : { actorId, tid, uri: undefined };
};

const partsOf = (row: Row): Candidate['parts'] => {
  const parts: [string, number][] = [];
  for (const [name, value] of Object.entries(row)) {
    const number = notParts.has(name) ? undefined : numberOf(value);
    if (number !== undefined && parts.length < maxParts) parts.push([name, number]);
  }
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
};

/** 0 is what an outer join gives where there is none. */
const oneOf = (value: unknown): string | undefined => {
  const id = idOf(value);
  return id === undefined || id === 0n ? undefined : String(id);
};

/** What a row says; undefined where it cannot be read. Never throws, whatever a statement returned. */
export const readRow = (row: Row, keys: Keys): Candidate | undefined => {
  const post = postOf(row, keys);
  const score = numberOf(row['score']);
  const reason = reasonOf(row, keys);
  const { context } = row;
  const isContext = isNothing(context) || (typeof context === 'string' && context.length <= maxContext);
  if (post === undefined || score === undefined || reason === 'malformed' || !isContext) return undefined;
  return {
    ...post,
    score,
    reason,
    context: typeof context === 'string' && context !== '' ? context : undefined,
    oneOf: oneOf(row['one_of']),
    parts: partsOf(row),
  };
};
