import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type {
  OracleGenerator,
  OracleList,
  OracleListItem,
  OraclePost,
  OracleProfile,
} from '#testing/oracle/records.ts';
import type { Names } from './names.ts';
import { select } from './select.ts';

/** A live record of a typed table: its uri, what it says, and the microseconds of its revision. */
export interface Stored<Record> {
  readonly uri: string;
  readonly record: Record;
  readonly revisionUs: number;
}

const topBit = 1n << 63n;

/** Versions of TID-keyed records are told from the key's own time on. */
export const revisionUs = (key: string, version: string): number => {
  const value = BigInt(key);
  return Number(version) + (value < topBit ? Number(value >> 10n) : 0);
};

type PostRow = Record<
  | 'actor_id'
  | 'tid'
  | 'version'
  | 'text'
  | 'created_ms'
  | 'embed_kind'
  | 'reply_parent_id'
  | 'reply_parent_tid'
  | 'reply_root_id'
  | 'reply_root_tid'
  | 'quote_id'
  | 'quote_tid',
  string
> & { created_ms: string | null } & Record<'langs' | 'mentions' | 'tags' | 'links' | 'alt_texts' | 'labels', string[]>;

/** Live posts, `posts FINAL`. */
export const readPosts = async (store: ClickHouse, names: Names): Promise<Stored<OraclePost>[]> => {
  const rows = await select<PostRow>(
    store,
    `SELECT actor_id, tid, version, text, langs, toUnixTimestamp64Milli(created_at) AS created_ms, embed_kind,
            reply_parent_id, reply_parent_tid, reply_root_id, reply_root_tid, quote_id, quote_tid,
            mentions, tags, links, alt_texts, labels
     FROM posts FINAL`,
  );
  return rows.map((row) => ({
    uri: names.uri('app.bsky.feed.post', row.actor_id, row.tid) ?? 'none',
    revisionUs: revisionUs(row.tid, row.version),
    record: {
      text: row.text,
      langs: row.langs,
      replyParent: names.subject(row.reply_parent_id, row.reply_parent_tid),
      replyRoot: names.subject(row.reply_root_id, row.reply_root_tid),
      quote: names.subject(row.quote_id, row.quote_tid),
      createdAtMs: row.created_ms === null ? null : Number(row.created_ms),
      embedKind: row.embed_kind,
      tags: row.tags,
      links: row.links,
      mentions: row.mentions.map((id) => names.did(id)),
      altTexts: row.alt_texts,
      labels: row.labels,
    },
  }));
};

type ProfileRow = Record<'actor_id' | 'version' | 'display_name' | 'description', string>;

/** Live profiles, `profiles FINAL`. */
export const readProfiles = async (store: ClickHouse, names: Names): Promise<Stored<OracleProfile>[]> => {
  const rows = await select<ProfileRow>(
    store,
    'SELECT actor_id, version, display_name, description FROM profiles FINAL',
  );
  return rows.map((row) => ({
    uri: `at://${names.did(row.actor_id)}/app.bsky.actor.profile/self`,
    revisionUs: Number(row.version),
    record: { displayName: row.display_name, description: row.description },
  }));
};

type Keyed<Fields extends string> = Record<'actor_id' | 'key' | 'version' | Fields, string>;

const readKeyed = async <Fields extends string, Found>(
  store: ClickHouse,
  from: { table: string; collection: string; fields: readonly Fields[] },
  names: Names,
  read: (row: Keyed<Fields>) => Found,
): Promise<Stored<Found>[]> => {
  const sql = `SELECT actor_id, key, version, ${from.fields.join(', ')} FROM ${from.table} FINAL`;
  return (await select<Keyed<Fields>>(store, sql)).map((row) => ({
    uri: names.uri(from.collection, row.actor_id, row.key) ?? 'none',
    revisionUs: revisionUs(row.key, row.version),
    record: read(row),
  }));
};

/** Live lists, `lists FINAL`. */
export const readLists = (store: ClickHouse, names: Names): Promise<Stored<OracleList>[]> =>
  readKeyed(
    store,
    { table: 'lists', collection: 'app.bsky.graph.list', fields: ['name', 'purpose', 'description'] as const },
    names,
    ({ name, purpose, description }) => ({ name, purpose, description }),
  );

/** Live list items, `list_items FINAL`. */
export const readListItems = (store: ClickHouse, names: Names): Promise<Stored<OracleListItem>[]> =>
  readKeyed(
    store,
    {
      table: 'list_items',
      collection: 'app.bsky.graph.listitem',
      fields: ['list_actor_id', 'list_key', 'subject_id'] as const,
    },
    names,
    (row) => ({
      list: names.subject(row.list_actor_id, row.list_key) ?? 'none',
      subject: names.did(row.subject_id),
    }),
  );

/** Live feed generators, `feed_generators FINAL`. */
export const readGenerators = (store: ClickHouse, names: Names): Promise<Stored<OracleGenerator>[]> =>
  readKeyed(
    store,
    {
      table: 'feed_generators',
      collection: 'app.bsky.feed.generator',
      fields: ['service_did', 'display_name', 'description'] as const,
    },
    names,
    (row) => ({ serviceDid: row.service_did, displayName: row.display_name, description: row.description }),
  );
