import type { Column, RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import { tidTimeUs } from '#pkg/atproto/tid.ts';
import type { EdgeKind, EdgeRow, GeneratorRow, ListItemRow, ListRow, PostRow, ProfileRow } from '../records/types.ts';
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
  readonly columns: readonly Column[];
  write(writer: RowWriter, header: RecordHeader, row: Row, ids: Ids): void;
  /** A tombstone: the sort key, the version and nothing else. */
  bury(writer: RowWriter, header: RecordHeader): void;
}

const optionalMs = "Nullable(DateTime64(3, 'UTC'))";
const ms = "DateTime64(3, 'UTC')";
const us = "DateTime64(6, 'UTC')";
const labelTexts = 'Array(LowCardinality(String))';

/** Columns from `name: type`, in order. */
export const columnsOf = (types: Readonly<Record<string, string>>): Column[] =>
  Object.entries(types).map(([name, type]) => ({ name, type }));

const writeRef = (writer: RowWriter, [id, key]: readonly [bigint, bigint]): void => {
  writer.u64(id);
  writer.u64(key);
};

const writeHead = (writer: RowWriter, header: RecordHeader, deleted: 0 | 1): void => {
  writer.u64(header.actorId);
  writer.u64(header.key);
  writer.i64(header.version);
  writer.u8(deleted);
};

/** The earliest of createdAt, the key's own time and the time first seen, in milliseconds. */
const sortAtMs = (header: RecordHeader, createdAtMs: number | undefined): number => {
  const seenMs = Math.floor(header.seenUs / 1000);
  const keyMs = isTidKey(header.key) ? Math.floor(tidTimeUs(header.key) / 1000) : seenMs;
  return Math.min(seenMs, keyMs, createdAtMs ?? seenMs);
};

const head = { actor_id: 'UInt64', key: 'UInt64', version: 'Int64', deleted: 'UInt8' };

const writePost = (writer: RowWriter, header: RecordHeader, row: PostRow, ids: Ids): void => {
  writeHead(writer, header, 0);
  writer.optionalTime(row.createdAtMs);
  writer.time(sortAtMs(header, row.createdAtMs));
  writer.time(header.seenUs);
  writer.text(row.text);
  writer.texts(row.langs);
  writeRef(writer, refIds(ids, row.replyParent));
  writeRef(writer, refIds(ids, row.replyRoot));
  writeRef(writer, refIds(ids, row.quote));
  writer.u64s(row.mentions.map((did) => ids.actorId(did)));
  writer.texts(row.tags);
  writer.texts(row.links);
  writer.text(row.embedKind);
  writer.texts(row.altTexts);
  writer.texts(row.labels);
  writer.endRow();
};

export const posts: TableSpec<PostRow> = {
  columns: columnsOf({
    actor_id: 'UInt64',
    tid: 'UInt64',
    version: 'Int64',
    deleted: 'UInt8',
    created_at: optionalMs,
    sort_at: ms,
    seen_at: us,
    text: 'String',
    langs: labelTexts,
    reply_parent_id: 'UInt64',
    reply_parent_tid: 'UInt64',
    reply_root_id: 'UInt64',
    reply_root_tid: 'UInt64',
    quote_id: 'UInt64',
    quote_tid: 'UInt64',
    mentions: 'Array(UInt64)',
    tags: 'Array(String)',
    links: 'Array(String)',
    embed_kind: 'LowCardinality(String)',
    alt_texts: 'Array(String)',
    labels: labelTexts,
  }),
  write: writePost,
  bury: (writer, header) => {
    writeHead(writer, header, 1);
    writer.optionalTime(undefined);
    writer.time(0);
    writer.time(header.seenUs);
    writer.text('');
    writer.texts([]);
    for (let field = 0; field < 6; field += 1) writer.u64(0n);
    for (let field = 0; field < 3; field += 1) writer.texts([]);
    writer.text('');
    writer.texts([]);
    writer.texts([]);
    writer.endRow();
  },
};

/** The values of `edges.kind`. */
const edgeKinds: Readonly<Record<EdgeKind, number>> = { like: 1, repost: 2, reply: 3, quote: 4, follow: 5, block: 6 };

/** Edges are buried by the resolver alone, because a delete does not name the subject. */
export const edges: Omit<TableSpec<EdgeRow>, 'bury'> = {
  columns: columnsOf({
    actor_id: 'UInt64',
    tid: 'UInt64',
    kind: "Enum8('like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4, 'follow' = 5, 'block' = 6)",
    subject_id: 'UInt64',
    subject_tid: 'UInt64',
    version: 'Int64',
    deleted: 'UInt8',
  }),
  write: (writer, header, row, ids) => {
    writer.u64(header.actorId);
    writer.u64(header.key);
    writer.u8(edgeKinds[row.kind]);
    writer.u64(ids.actorId(row.subjectDid));
    writer.u64(row.record === undefined ? 0n : ids.subjectKey(row.record.collection, row.record.rkey));
    writer.i64(header.version);
    writer.u8(0);
    writer.endRow();
  },
};

export const profiles: TableSpec<ProfileRow> = {
  columns: columnsOf({
    actor_id: 'UInt64',
    version: 'Int64',
    deleted: 'UInt8',
    display_name: 'String',
    description: 'String',
    labels: labelTexts,
    created_at: optionalMs,
    seen_at: us,
  }),
  write: (writer, header, row) => {
    writer.u64(header.actorId);
    writer.i64(header.version);
    writer.u8(0);
    writer.text(row.displayName);
    writer.text(row.description);
    writer.texts(row.labels);
    writer.optionalTime(row.createdAtMs);
    writer.time(header.seenUs);
    writer.endRow();
  },
  bury: (writer, header) => {
    writer.u64(header.actorId);
    writer.i64(header.version);
    writer.u8(1);
    writer.text('');
    writer.text('');
    writer.texts([]);
    writer.optionalTime(undefined);
    writer.time(header.seenUs);
    writer.endRow();
  },
};

/** A row of texts and a date, as `lists` and `feed_generators` are. */
const described = <Row extends { readonly createdAtMs: number | undefined }>(
  names: readonly [string, string][],
  texts: (row: Row) => readonly string[],
): TableSpec<Row> => {
  const write = (
    writer: RowWriter,
    header: RecordHeader,
    values: readonly string[],
    createdAtMs: number | undefined,
  ): void => {
    for (const value of values) writer.text(value);
    writer.optionalTime(createdAtMs);
    writer.time(header.seenUs);
    writer.endRow();
  };
  return {
    columns: columnsOf({ ...head, ...Object.fromEntries(names), created_at: optionalMs, seen_at: us }),
    write: (writer, header, row) => {
      writeHead(writer, header, 0);
      write(writer, header, texts(row), row.createdAtMs);
    },
    bury: (writer, header) => {
      writeHead(writer, header, 1);
      write(
        writer,
        header,
        names.map(() => ''),
        undefined,
      );
    },
  };
};

export const lists = described<ListRow>(
  [
    ['name', 'String'],
    ['purpose', 'LowCardinality(String)'],
    ['description', 'String'],
  ],
  (row) => [row.name, row.purpose, row.description],
);

export const feedGenerators = described<GeneratorRow>(
  [
    ['service_did', 'String'],
    ['display_name', 'String'],
    ['description', 'String'],
  ],
  (row) => [row.serviceDid, row.displayName, row.description],
);

export const listItems: TableSpec<ListItemRow> = {
  columns: columnsOf({ ...head, list_actor_id: 'UInt64', list_key: 'UInt64', subject_id: 'UInt64', seen_at: us }),
  write: (writer, header, row, ids) => {
    writeHead(writer, header, 0);
    writeRef(writer, refIds(ids, row.list));
    writer.u64(ids.actorId(row.subjectDid));
    writer.time(header.seenUs);
    writer.endRow();
  },
  bury: (writer, header) => {
    writeHead(writer, header, 1);
    for (let field = 0; field < 3; field += 1) writer.u64(0n);
    writer.time(header.seenUs);
    writer.endRow();
  },
};
