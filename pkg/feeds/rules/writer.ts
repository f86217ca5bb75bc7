import { collections } from '#pkg/atproto/collections.ts';
import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { isDid, isRecordKey } from '#pkg/atproto/syntax.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Querier } from '#pkg/postgres/postgres.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Held, Publication, RuleBounds, RuleTable } from './held.ts';
import { rulesSql } from './sql.ts';

/** What came of a change: how many rows it touched, or in a sentence why it was not made. */
export type Change = { readonly done: true; readonly changed: number } | Refused;
export interface Refused {
  readonly done: false;
  /** `invalid`: the caller's mistake; `full`: no more may be held. */
  readonly why: 'invalid' | 'full';
  readonly message: string;
}

export interface Member {
  readonly did: string;
  readonly addedAt: Date;
}

export interface Ban {
  /** A DID, or the at-uri of a post. */
  readonly subject: string;
  readonly reason: string;
  readonly bannedAt: Date;
}

/** Where a page begins: after this DID or subject; from the start where undefined. */
export interface PageOf {
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface WriterOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly bounds: RuleBounds;
  /** Resolves when what was written is in force here. */
  readonly changed: () => Promise<void>;
  readonly held: () => Held;
}

const MAX_REASON_CHARS = 1_000;

const SQL = {
  countUp: rulesSql('count-up'),
  addMembers: rulesSql('add-members'),
  keepMembers: rulesSql('keep-members'),
  removeMembers: rulesSql('remove-members'),
  countMembers: rulesSql('count-members'),
  listMembers: rulesSql('list-members'),
  ban: rulesSql('ban'),
  unban: rulesSql('unban'),
  countBans: rulesSql('count-bans'),
  listBans: rulesSql('list-bans'),
  recordPublication: rulesSql('record-publication'),
  forgetPublication: rulesSql('forget-publication'),
};

/** Ends a transaction whose work must not stand. */
class FullError extends Error {}

/**
 * Changes what the operator said. Each change is one transaction, which every process notices within a second; here it is in
 * force when the call resolves. Accounts are named by their DIDs.
 */
export class RuleWriter {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Adds members; those who are already stay. `changed`: how many are new. */
  addMembers(rkey: string, dids: readonly string[]): Promise<Change> {
    return this.#setMembers(rkey, dids, false);
  }

  /** Makes these the only members. `changed`: how many came and went. */
  replaceMembers(rkey: string, dids: readonly string[]): Promise<Change> {
    return this.#setMembers(rkey, dids, true);
  }

  async removeMembers(rkey: string, dids: readonly string[]): Promise<Change> {
    const wrong = wrongMembers(rkey, dids);
    if (wrong !== undefined) return wrong;
    return this.#change('members', async (tx) => (await tx.query(SQL.removeMembers, [rkey, dids])).rows.length);
  }

  /** By DID. */
  async listMembers(rkey: string, { after = '', limit }: PageOf): Promise<readonly Member[]> {
    if (!isRecordKey(rkey)) return [];
    const { postgres } = this.#options;
    const { rows } = await postgres.query<{ did: string; added_at: Date }>(SQL.listMembers, [rkey, after, limit]);
    return rows.map(({ did, added_at }) => ({ did, addedAt: added_at }));
  }

  /** Bans an account or a post from every feed. Banning again gives another reason. `changed`: 1 where it is new. */
  async ban(subject: string, reason: string): Promise<Change> {
    if (!isBanSubject(subject)) return invalid('A ban needs a DID, or the at-uri of a post.');
    if (reason.length > MAX_REASON_CHARS || reason.includes('\0')) {
      return invalid(`A reason has ${MAX_REASON_CHARS} characters at most, and no NUL.`);
    }
    const { clock, bounds } = this.#options;
    return this.#change('bans', async (tx) => {
      const { rows } = await tx.query<{ added: boolean }>(SQL.ban, [subject, reason, new Date(clock.nowMs())]);
      await refuseMoreThan(tx, SQL.countBans, bounds.bans);
      return rows[0]?.added === true ? 1 : 0;
    });
  }

  /** `changed`: 0 where it was not banned. */
  async unban(subject: string): Promise<Change> {
    if (!isBanSubject(subject)) return invalid('A ban has a DID, or the at-uri of a post.');
    return this.#change('bans', async (tx) => (await tx.query(SQL.unban, [subject])).rows.length);
  }

  /** By subject. */
  async listBans({ after = '', limit }: PageOf): Promise<readonly Ban[]> {
    const { rows } = await this.#options.postgres.query<{ subject: string; reason: string; banned_at: Date }>(
      SQL.listBans,
      [after, limit],
    );
    return rows.map(({ subject, reason, banned_at }) => ({ subject, reason, bannedAt: banned_at }));
  }

  /** Says that this account has a record for the feed: requests that name it are answered from now on. */
  async recordPublication(publication: Omit<Publication, 'publishedAt'>): Promise<Change> {
    const { rkey, publisherDid, cid } = publication;
    const wrong = wrongMembers(rkey, [publisherDid]);
    if (wrong !== undefined) return wrong;
    const at = new Date(this.#options.clock.nowMs());
    return this.#change('publications', async (tx) => {
      await tx.query(SQL.recordPublication, [rkey, publisherDid, cid, at]);
      return 1;
    });
  }

  async forgetPublication(rkey: string, publisherDid: string): Promise<Change> {
    const wrong = wrongMembers(rkey, [publisherDid]);
    if (wrong !== undefined) return wrong;
    return this.#change(
      'publications',
      async (tx) => (await tx.query(SQL.forgetPublication, [rkey, publisherDid])).rows.length,
    );
  }

  /** All of them, as they are in memory. */
  publications(): readonly Publication[] {
    return this.#options.held().publications;
  }

  async #setMembers(rkey: string, dids: readonly string[], only: boolean): Promise<Change> {
    const wrong = wrongMembers(rkey, dids);
    if (wrong !== undefined) return wrong;
    const { clock, bounds } = this.#options;
    return this.#change('members', async (tx) => {
      const gone = only ? (await tx.query(SQL.keepMembers, [rkey, dids])).rows.length : 0;
      const added = await tx.query(SQL.addMembers, [rkey, dids, new Date(clock.nowMs())]);
      await refuseMoreThan(tx, SQL.countMembers, bounds.members);
      return gone + added.rows.length;
    });
  }

  async #change(table: RuleTable, work: (tx: Querier) => Promise<number>): Promise<Change> {
    const { postgres, changed, bounds } = this.#options;
    try {
      const count = await postgres.transaction(async (tx) => {
        await tx.query(SQL.countUp, [table]);
        return work(tx);
      });
      await changed();
      return { done: true, changed: count };
    } catch (error) {
      if (!(error instanceof FullError)) throw error;
      const message =
        table === 'members'
          ? `All feeds together may have ${bounds.members} members. Remove some first, or choose by a rule in the feed's SQL.`
          : `There may be ${bounds.bans} bans. Lift those that no longer matter first, or leave out such posts in the feed's SQL.`;
      return { done: false, why: 'full', message };
    }
  }
}

/** Whether this can be banned: an account, or a post. */
export function isBanSubject(subject: string): boolean {
  return isDid(subject) || parseAtUri(subject)?.collection === collections.post;
}

async function refuseMoreThan(tx: Querier, sql: string, most: number): Promise<void> {
  const { rows } = await tx.query<{ n: number }>(sql);
  if ((rows[0]?.n ?? 0) > most) throw new FullError();
}

function wrongMembers(rkey: string, dids: readonly string[]): Refused | undefined {
  if (!isRecordKey(rkey)) return invalid('The name of a feed has 1 to 512 letters, digits and _ ~ . : -.');
  if (!dids.every(isDid)) return invalid('An account is named by its DID.');
  return undefined;
}

const invalid = (message: string): Refused => ({ done: false, why: 'invalid', message });
