import { type Column, RowWriter } from '#pkg/clickhouse/row-binary.ts';
import type { EdgeRow, RecordRow } from '../records/types.ts';
import { deadLetterColumns, writeDeadLetter } from './dead-letter.ts';
import type { Ids } from './ids.ts';
import { columnsOf, edges, feedGenerators, listItems, lists, posts, profiles, type RecordHeader } from './tables.ts';

/** The tables a batch fills, in the order in which they are inserted. */
export const batchTables = [
  'repo_records',
  'actors',
  'odd_keys',
  'posts',
  'profiles',
  'lists',
  'list_items',
  'feed_generators',
  'edges',
  'record_revisions',
  'dead_letters',
] as const;

export type BatchTable = (typeof batchTables)[number];

const seenAt = "DateTime64(6, 'UTC')";

/** The columns of each table, as `Batch` writes them. */
export const batchColumns: Readonly<Record<BatchTable, readonly Column[]>> = {
  repo_records: columnsOf({
    collection: 'LowCardinality(String)',
    actor_id: 'UInt64',
    rkey: 'String',
    rev: 'String',
    operation: "Enum8('create' = 1, 'update' = 2, 'delete' = 3)",
    cid: 'String',
    record: 'String',
    seen_at: seenAt,
  }),
  actors: columnsOf({
    // Word for word the table's types: a server compares them with the header of the rows and takes no near ones.
    actor_id: 'UInt64',
    did: 'SimpleAggregateFunction(max, String)',
    handle: 'SimpleAggregateFunction(max, Tuple(version UInt64, handle String))',
    account: 'SimpleAggregateFunction(max, Tuple(version UInt64, active UInt8, status String))',
    first_seen_at: "SimpleAggregateFunction(min, DateTime64(6, 'UTC'))",
  }),
  odd_keys: columnsOf({ key: 'UInt64', collection: 'LowCardinality(String)', rkey: 'String' }),
  posts: posts.columns,
  profiles: profiles.columns,
  lists: lists.columns,
  list_items: listItems.columns,
  feed_generators: feedGenerators.columns,
  edges: edges.columns,
  record_revisions: columnsOf({
    actor_id: 'UInt64',
    tid: 'UInt64',
    collection: "Enum8('post' = 1, 'like' = 2, 'repost' = 3, 'follow' = 4, 'block' = 5)",
    version: 'Int64',
    deleted: 'UInt8',
  }),
  dead_letters: deadLetterColumns,
};

const operationCodes: Readonly<Record<string, number>> = { create: 1, update: 2, delete: 3 };
const revisedCodes: Readonly<Record<string, number>> = { post: 1, like: 2, repost: 3, follow: 4, block: 5 };

/** What the network said about an account: the DID alone, its handle, or its status. */
export interface ActorFacts {
  readonly id: bigint;
  readonly did: string;
  readonly seenUs: number;
  readonly handle?: { readonly version: number; readonly handle: string };
  readonly account?: { readonly version: number; readonly active: boolean; readonly status: string };
}

/** A raw record, kept as it came. */
export interface RawRecord {
  readonly collection: string;
  readonly actorId: bigint;
  readonly rkey: string;
  readonly rev: string;
  readonly operation: string;
  readonly cid: string;
  readonly json: string;
  readonly seenUs: number;
}

/**
 * Rows waiting to be flushed together, with what must be known when they are: the cursor they reach, the records to
 * resolve, what was counted. Filled by the intake, emptied by the flusher; never both at once.
 */
export class Batch {
  readonly writers: Readonly<Record<BatchTable, RowWriter>>;
  readonly operations = new Map<string, number>();
  readonly dropped = new Map<string, number>();
  /** Records whose edges must be compared with their history, as `actor_id` and `tid` in step. */
  readonly resolveActors: bigint[] = [];
  readonly resolveKeys: bigint[] = [];
  /** Accounts of which a status came. */
  readonly statusActors: bigint[] = [];
  events = 0;
  firstTimeUs = 0;
  lastTimeUs = 0;
  /** The highest believable time_us so far, this batch and all before it. */
  cursorUs = 0;
  origin = '';
  openedAtMs = 0;

  constructor() {
    this.writers = Object.fromEntries(batchTables.map((table) => [table, new RowWriter()])) as Record<
      BatchTable,
      RowWriter
    >;
  }

  get bytes(): number {
    let bytes = 0;
    for (const table of batchTables) bytes += this.writers[table].byteLength;
    return bytes;
  }

  count(operation: string): void {
    this.operations.set(operation, (this.operations.get(operation) ?? 0) + 1);
  }

  countDrop(reason: string): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  addRow(header: RecordHeader, row: RecordRow, ids: Ids): void {
    const writer = this.writers[row.table];
    try {
      this.#write(header, row, ids);
    } catch (error) {
      writer.dropUnfinished();
      throw error;
    }
  }

  bury(table: 'posts' | 'profiles' | 'lists' | 'list_items' | 'feed_generators', header: RecordHeader): void {
    tombstones[table].bury(this.writers[table], header);
  }

  addRevision(header: RecordHeader, collection: string, deleted: boolean): void {
    const writer = this.writers.record_revisions;
    writer.u64(header.actorId);
    writer.u64(header.key);
    writer.u8(revisedCodes[collection] as number);
    writer.i64(header.version);
    writer.u8(deleted ? 1 : 0);
    writer.endRow();
    this.addToResolve(header);
  }

  addToResolve(header: RecordHeader): void {
    this.resolveActors.push(header.actorId);
    this.resolveKeys.push(header.key);
  }

  addRaw(raw: RawRecord): void {
    const writer = this.writers.repo_records;
    writer.text(raw.collection);
    writer.u64(raw.actorId);
    writer.text(raw.rkey);
    writer.text(raw.rev);
    writer.u8(operationCodes[raw.operation] as number);
    writer.text(raw.cid);
    writer.text(raw.json);
    writer.time(raw.seenUs);
    writer.endRow();
  }

  addActor(facts: ActorFacts): void {
    const writer = this.writers.actors;
    writer.u64(facts.id);
    writer.text(facts.did);
    writer.i64(facts.handle?.version ?? 0);
    writer.text(facts.handle?.handle ?? '');
    // Active until something says otherwise: version 0 loses against every account event.
    writer.i64(facts.account?.version ?? 0);
    writer.u8((facts.account?.active ?? true) ? 1 : 0);
    writer.text(facts.account?.status ?? '');
    writer.time(facts.seenUs);
    writer.endRow();
    if (facts.account !== undefined) this.statusActors.push(facts.id);
  }

  addOddKey(key: bigint, collection: string, rkey: string): void {
    const writer = this.writers.odd_keys;
    writer.u64(key);
    writer.text(collection);
    writer.text(rkey);
    writer.endRow();
  }

  addDeadFrame(error: string, payload: string): void {
    writeDeadLetter(this.writers.dead_letters, { stage: 'parse', table: '', error, payload });
  }

  /** Empties the batch for the next round, keeping its memory. */
  clear(): void {
    for (const table of batchTables) this.writers[table].clear();
    this.operations.clear();
    this.dropped.clear();
    this.resolveActors.length = 0;
    this.resolveKeys.length = 0;
    this.statusActors.length = 0;
    this.events = 0;
    this.firstTimeUs = 0;
    this.lastTimeUs = 0;
  }

  #write(header: RecordHeader, row: RecordRow, ids: Ids): void {
    switch (row.table) {
      case 'edges':
        return edges.write(this.writers.edges, header, row satisfies EdgeRow, ids);
      case 'posts':
        return posts.write(this.writers.posts, header, row, ids);
      case 'profiles':
        return profiles.write(this.writers.profiles, header, row, ids);
      case 'lists':
        return lists.write(this.writers.lists, header, row, ids);
      case 'list_items':
        return listItems.write(this.writers.list_items, header, row, ids);
      case 'feed_generators':
        return feedGenerators.write(this.writers.feed_generators, header, row, ids);
    }
  }
}

const tombstones = { posts, profiles, lists, list_items: listItems, feed_generators: feedGenerators };
