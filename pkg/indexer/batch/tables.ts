import type { TsvWriter } from '#pkg/clickhouse/tsv.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import { tidTimeUs } from '#pkg/atproto/tid.ts';
import type { EdgeRow, GeneratorRow, ListItemRow, ListRow, PostRow, ProfileRow } from '../records/types.ts';
import { type Ids, refIds } from './ids.ts';

/** What every row of a record carries. */
export interface RecordHeader {
  readonly actorId: bigint;
  readonly key: bigint;
  /**
   * Orders the versions of one record: microseconds of its `rev`, less those of its key when that is a TID. (A rev is
   * close to the key it creates, so the difference packs into half the bytes.)
   */
  readonly version: number;
  readonly seenUs: number;
}

/** One table as the indexer writes it: its columns in order, and how a row becomes fields. */
export interface TableSpec<Row> {
  readonly columns: readonly string[];
  write(writer: TsvWriter, header: RecordHeader, row: Row, ids: Ids): void;
  /** A tombstone: the sort key, the version and nothing else. */
  bury(writer: TsvWriter, header: RecordHeader): void;
}

const nullField = '\\N';

const writeTime = (writer: TsvWriter, ms: number | undefined): void => {
  if (ms === undefined) writer.plain(nullField);
  else writer.timeMs(ms);
};

const writeRef = (writer: TsvWriter, [id, key]: readonly [bigint, bigint]): void => {
  writer.u64(id);
  writer.u64(key);
};

const writeHead = (writer: TsvWriter, header: RecordHeader, deleted: 0 | 1): void => {
  writer.u64(header.actorId);
  writer.u64(header.key);
  writer.int(header.version);
  writer.int(deleted);
};

/** The earliest of createdAt, the key's own time and the time first seen, in milliseconds. */
const sortAtMs = (header: RecordHeader, createdAtMs: number | undefined): number => {
  const seenMs = Math.floor(header.seenUs / 1000);
  const keyMs = isTidKey(header.key) ? Math.floor(tidTimeUs(header.key) / 1000) : seenMs;
  return Math.min(seenMs, keyMs, createdAtMs ?? seenMs);
};

const postHead = ['actor_id', 'tid', 'version', 'deleted'];
const head = ['actor_id', 'key', 'version', 'deleted'];

const writePost = (writer: TsvWriter, header: RecordHeader, row: PostRow, ids: Ids): void => {
  const refs = [refIds(ids, row.replyParent), refIds(ids, row.replyRoot), refIds(ids, row.quote)];
  const mentions = row.mentions.map((did) => ids.actorId(did));
  writeHead(writer, header, 0);
  writeTime(writer, row.createdAtMs);
  writer.timeMs(sortAtMs(header, row.createdAtMs));
  writer.timeUs(header.seenUs);
  writer.text(row.text);
  writer.texts(row.langs);
  for (const ref of refs) writeRef(writer, ref);
  writer.u64s(mentions);
  writer.texts(row.tags);
  writer.texts(row.links);
  writer.plain(row.embedKind);
  writer.texts(row.altTexts);
  writer.texts(row.labels);
  writer.endRow();
};

export const posts: TableSpec<PostRow> = {
  columns: [
    ...postHead,
    'created_at',
    'sort_at',
    'seen_at',
    'text',
    'langs',
    'reply_parent_id',
    'reply_parent_tid',
    'reply_root_id',
    'reply_root_tid',
    'quote_id',
    'quote_tid',
    'mentions',
    'tags',
    'links',
    'embed_kind',
    'alt_texts',
    'labels',
  ],
  write: writePost,
  bury: (writer, header) => {
    writeHead(writer, header, 1);
    writer.plain(nullField);
    writer.timeMs(0);
    writer.timeUs(header.seenUs);
    writer.plain('');
    writer.plain('[]');
    for (let field = 0; field < 6; field += 1) writer.int(0);
    for (let field = 0; field < 3; field += 1) writer.plain('[]');
    writer.plain('');
    writer.plain('[]');
    writer.plain('[]');
    writer.endRow();
  },
};

/** Edges are buried by the resolver alone, because a delete does not name the subject. */
export const edges: Omit<TableSpec<EdgeRow>, 'bury'> = {
  columns: ['actor_id', 'tid', 'kind', 'subject_id', 'subject_tid', 'version', 'deleted'],
  write: (writer, header, row, ids) => {
    const subjectId = ids.actorId(row.subjectDid);
    const subjectKey = row.record === undefined ? 0n : ids.recordKey(row.record.collection, row.record.rkey);
    writer.u64(header.actorId);
    writer.u64(header.key);
    writer.plain(row.kind);
    writer.u64(subjectId);
    writer.u64(subjectKey);
    writer.int(header.version);
    writer.int(0);
    writer.endRow();
  },
};

export const profiles: TableSpec<ProfileRow> = {
  columns: ['actor_id', 'version', 'deleted', 'display_name', 'description', 'labels', 'created_at', 'seen_at'],
  write: (writer, header, row) => {
    writer.u64(header.actorId);
    writer.int(header.version);
    writer.int(0);
    writer.text(row.displayName);
    writer.text(row.description);
    writer.texts(row.labels);
    writeTime(writer, row.createdAtMs);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
  bury: (writer, header) => {
    writer.u64(header.actorId);
    writer.int(header.version);
    writer.int(1);
    for (const empty of ['', '', '[]', nullField]) writer.plain(empty);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
};

export const lists: TableSpec<ListRow> = {
  columns: [...head, 'name', 'purpose', 'description', 'created_at', 'seen_at'],
  write: (writer, header, row) => {
    writeHead(writer, header, 0);
    writer.text(row.name);
    writer.text(row.purpose);
    writer.text(row.description);
    writeTime(writer, row.createdAtMs);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
  bury: (writer, header) => {
    writeHead(writer, header, 1);
    for (const empty of ['', '', '', nullField]) writer.plain(empty);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
};

export const listItems: TableSpec<ListItemRow> = {
  columns: [...head, 'list_actor_id', 'list_key', 'subject_id', 'seen_at'],
  write: (writer, header, row, ids) => {
    const list = refIds(ids, row.list);
    const subjectId = ids.actorId(row.subjectDid);
    writeHead(writer, header, 0);
    writeRef(writer, list);
    writer.u64(subjectId);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
  bury: (writer, header) => {
    writeHead(writer, header, 1);
    for (let field = 0; field < 3; field += 1) writer.int(0);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
};

export const feedGenerators: TableSpec<GeneratorRow> = {
  columns: [...head, 'service_did', 'display_name', 'description', 'created_at', 'seen_at'],
  write: (writer, header, row) => {
    writeHead(writer, header, 0);
    writer.text(row.serviceDid);
    writer.text(row.displayName);
    writer.text(row.description);
    writeTime(writer, row.createdAtMs);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
  bury: (writer, header) => {
    writeHead(writer, header, 1);
    for (const empty of ['', '', '', nullField]) writer.plain(empty);
    writer.timeUs(header.seenUs);
    writer.endRow();
  },
};
