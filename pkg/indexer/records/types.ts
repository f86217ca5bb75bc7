import type { AtUri } from '#pkg/atproto/at-uri.ts';
import type { JsonObject } from './read.ts';

/** Why a frame was not indexed. A closed list: metrics and the ingest log count each from zero. */
export const dropReasons = [
  'not_json',
  'not_object',
  'bad_did',
  'bad_time',
  'unknown_kind',
  'bad_commit',
  'bad_collection',
  'bad_rkey',
  'bad_rev',
  'bad_operation',
  'no_record',
  'bad_record',
  'bad_subject',
  'bad_account',
  'bad_identity',
] as const;

export type DropReason = (typeof dropReasons)[number];

/** What a commit does to a record. */
export type Operation = 'create' | 'update' | 'delete';

export type EdgeKind = 'like' | 'repost' | 'reply' | 'quote' | 'follow' | 'block';

/** What an edge points at: a record, or an account when `record` is absent. */
export interface EdgeRow {
  readonly table: 'edges';
  readonly kind: EdgeKind;
  readonly subjectDid: string;
  readonly record?: AtUri;
}

export interface PostRow {
  readonly table: 'posts';
  readonly createdAtMs: number | undefined;
  readonly text: string;
  readonly langs: readonly string[];
  readonly replyParent: AtUri | undefined;
  readonly replyRoot: AtUri | undefined;
  readonly quote: AtUri | undefined;
  /** DIDs. */
  readonly mentions: readonly string[];
  readonly tags: readonly string[];
  readonly links: readonly string[];
  readonly embedKind: string;
  readonly altTexts: readonly string[];
  readonly labels: readonly string[];
}

export interface ProfileRow {
  readonly table: 'profiles';
  readonly displayName: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly createdAtMs: number | undefined;
}

export interface ListRow {
  readonly table: 'lists';
  readonly name: string;
  readonly purpose: string;
  readonly description: string;
  readonly createdAtMs: number | undefined;
}

export interface ListItemRow {
  readonly table: 'list_items';
  readonly list: AtUri;
  readonly subjectDid: string;
}

export interface GeneratorRow {
  readonly table: 'feed_generators';
  readonly serviceDid: string;
  readonly displayName: string;
  readonly description: string;
  readonly createdAtMs: number | undefined;
}

/** One row of a typed table, still in the network's own words: ids are given when it is written. */
export type RecordRow = EdgeRow | PostRow | ProfileRow | ListRow | ListItemRow | GeneratorRow;

export type Parsed =
  | { readonly ok: true; readonly rows: readonly RecordRow[] }
  | { readonly ok: false; readonly reason: DropReason };

export const ok = (...rows: readonly RecordRow[]): Parsed => ({ ok: true, rows });
export const drop = (reason: DropReason): Parsed => ({ ok: false, reason });

/** How one collection becomes rows. `parse` is pure and total: hostile records give a reason, never an exception. */
export interface RecordModule {
  /** The NSID. */
  readonly collection: string;
  /** Short name in counters, and the `collection` value of `record_revisions` where there are edges. */
  readonly name: string;
  /** Whether its records point at subjects, so that updates and deletes must be resolved. */
  readonly hasEdges: boolean;
  /** The table whose row a delete replaces by a tombstone; undefined when only edges fall. */
  readonly table: 'posts' | 'profiles' | 'lists' | 'list_items' | 'feed_generators' | undefined;
  /** Only records with this key count (profiles: `self`). */
  readonly onlyRkey?: string;
  parse(record: JsonObject): Parsed;
}
