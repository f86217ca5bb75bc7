import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { collections } from '#pkg/atproto/collections.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import { type Column, RowWriter } from '#pkg/clickhouse/row-binary.ts';
import type { PostRef, Viewer } from '../feed.ts';
import { type InteractionEvent, parseEvent } from './events.ts';
import { postKey } from './post-key.ts';

/** What a client says that its user did. */
export interface GivenInteraction {
  /** At-uri of the post. */
  readonly item: string;
  readonly event: string;
  readonly feedContext?: string | undefined;
  readonly reqId?: string | undefined;
  /** The rkey of the feed, as far as we know it ourselves: never from `feedContext`. */
  readonly feed?: string | undefined;
}

/** A row of `feed_interactions`. */
export interface Said extends PostRef {
  readonly atMs: number;
  readonly viewerId: bigint;
  readonly feed: string;
  readonly event: InteractionEvent;
  readonly uri: string;
  readonly context: string;
  readonly reqId: string;
}

/** Why an interaction is not stored. A closed list: each is counted. */
export const DROPS = ['unknown_event', 'not_a_post', 'repeated', 'too_many'] as const;
export type Drop = (typeof DROPS)[number];

/** Interactions of one call that are looked at. Clients send some dozens. */
export const MOST_IN_A_CALL = 1_000;
/** The lexicon's limits, in characters; what is longer is cut. */
const MOST_CONTEXT = 2_000;
const MOST_REQ_ID = 100;
const MOST_FEED = 512;

/** The rows of one call, in the order of the table's key so that reading them again gives the same order, and what was dropped. */
export const readInteractions = (
  { viewer, given, atMs }: { viewer: Viewer; given: readonly GivenInteraction[]; atMs: number },
  keys: Pick<Keys, 'actorId' | 'subjectKey'>,
): { readonly rows: readonly Said[]; readonly dropped: Readonly<Record<Drop, number>> } => {
  const dropped: Record<Drop, number> = { unknown_event: 0, not_a_post: 0, repeated: 0, too_many: 0 };
  dropped.too_many = Math.max(0, given.length - MOST_IN_A_CALL);
  const rows = new Map<string, Said>();
  for (const one of given.slice(0, MOST_IN_A_CALL)) {
    const event = parseEvent(one.event);
    const post = event === undefined ? undefined : readPost(one.item, keys);
    if (event === undefined) dropped.unknown_event += 1;
    else if (post === undefined) dropped.not_a_post += 1;
    else {
      const feed = (one.feed ?? '').slice(0, MOST_FEED);
      const key = `${feed} ${event} ${postKey(post)}`;
      if (rows.has(key)) dropped.repeated += 1;
      const context = (one.feedContext ?? '').slice(0, MOST_CONTEXT);
      const reqId = (one.reqId ?? '').slice(0, MOST_REQ_ID);
      rows.set(key, { ...post, atMs, viewerId: viewer.id, feed, event, uri: one.item, context, reqId });
    }
  }
  return { rows: [...rows.values()].sort(byKey), dropped };
};

const readPost = (item: string, keys: Pick<Keys, 'actorId' | 'subjectKey'>): PostRef | undefined => {
  const uri = parseAtUri(item);
  if (uri === undefined || uri.collection !== collections.post) return undefined;
  return { actorId: keys.actorId(uri.did), tid: keys.subjectKey(uri.collection, uri.rkey).key };
};

/** The order of `feed_interactions` within one account and moment. */
const byKey = (a: Said, b: Said): number =>
  compare(a.feed, b.feed) || compare(a.event, b.event) || compare(a.actorId, b.actorId) || compare(a.tid, b.tid);

const compare = <T extends string | bigint>(a: T, b: T): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

export const saidColumns: readonly Column[] = [
  { name: 'at', type: "DateTime64(3, 'UTC')" },
  { name: 'viewer_id', type: 'UInt64' },
  { name: 'feed', type: 'LowCardinality(String)' },
  { name: 'event', type: 'LowCardinality(String)' },
  { name: 'actor_id', type: 'UInt64' },
  { name: 'tid', type: 'UInt64' },
  { name: 'uri', type: 'String' },
  { name: 'context', type: 'String' },
  { name: 'req_id', type: 'String' },
];

/** Rows of `feed_interactions` in the order of `saidColumns`. */
export const writeSaid = (rows: readonly Said[]): Buffer => {
  const writer = new RowWriter(4_096);
  for (const row of rows) {
    writer.time(row.atMs);
    writer.u64(row.viewerId);
    writer.text(row.feed);
    writer.text(row.event);
    writer.u64(row.actorId);
    writer.u64(row.tid);
    writer.text(row.uri);
    writer.text(row.context);
    writer.text(row.reqId);
    writer.endRow();
  }
  return writer.bytes();
};
