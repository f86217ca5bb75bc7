import type { Querier } from '#pkg/postgres/postgres.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { rulesSql } from './sql.ts';

/** The tables that are held in memory, by the names under which their versions are counted. */
export const RULE_TABLES = ['members', 'bans', 'publications'] as const;
export type RuleTable = (typeof RULE_TABLES)[number];

/** How much is held at most, of all feeds together. */
export interface RuleBounds {
  readonly members: number;
  readonly bans: number;
}

export const DEFAULT_BOUNDS: RuleBounds = { members: 100_000, bans: 200_000 };

/** Under which account a feed was published. */
export interface Publication {
  readonly rkey: string;
  readonly publisherDid: string;
  /** Of the record as we wrote it. */
  readonly cid: string;
  readonly publishedAt: Date;
}

/** What is in memory. Replaced table by table, never changed. */
export interface Held {
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly bans: ReadonlySet<string>;
  readonly publications: readonly Publication[];
}

export type Versions = ReadonlyMap<string, number>;

const VERSIONS = rulesSql('versions');
const MEMBERS = rulesSql('all-members');
const BANS = rulesSql('all-bans');
const PUBLICATIONS = rulesSql('all-publications');

/** Which version of each table stands. One small query. */
export async function readVersions(postgres: Querier): Promise<Versions> {
  const { rows } = await postgres.query<{ name: string; version: number }>(VERSIONS);
  return new Map(rows.map(({ name, version }) => [name, version]));
}

/**
 * Reads the tables that are asked for.
 * @throws UserError where there is more than may be held
 */
export async function readTables(
  postgres: Querier,
  tables: readonly RuleTable[],
  bounds: RuleBounds,
): Promise<Partial<Held>> {
  return {
    ...(tables.includes('members') ? { members: await readMembers(postgres, bounds.members) } : {}),
    ...(tables.includes('bans') ? { bans: await readBans(postgres, bounds.bans) } : {}),
    ...(tables.includes('publications') ? { publications: await readPublications(postgres) } : {}),
  };
}

async function readMembers(postgres: Querier, most: number): Promise<Held['members']> {
  const { rows } = await postgres.query<{ rkey: string; did: string }>(MEMBERS, [most + 1]);
  if (rows.length > most) throw tooMany('members of feeds', most, 'Remove members from the table feed_members.');
  const members = new Map<string, Set<string>>();
  for (const { rkey, did } of rows) {
    const ofFeed = members.get(rkey);
    if (ofFeed === undefined) members.set(rkey, new Set([did]));
    else ofFeed.add(did);
  }
  return members;
}

async function readBans(postgres: Querier, most: number): Promise<Held['bans']> {
  const { rows } = await postgres.query<{ subject: string }>(BANS, [most + 1]);
  if (rows.length > most) throw tooMany('bans', most, 'Remove bans that no longer matter from the table feed_bans.');
  return new Set(rows.map(({ subject }) => subject));
}

async function readPublications(postgres: Querier): Promise<readonly Publication[]> {
  const { rows } = await postgres.query<{ rkey: string; publisher_did: string; cid: string; published_at: Date }>(
    PUBLICATIONS,
  );
  return rows.map((row) => ({
    rkey: row.rkey,
    publisherDid: row.publisher_did,
    cid: row.cid,
    publishedAt: row.published_at,
  }));
}

const tooMany = (what: string, most: number, hint: string): UserError =>
  new UserError(`There are more than ${most} ${what}, and no more can be held in memory.`, { hint });
