import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { isSecret, randomSecret, sha256 } from '#pkg/session/secrets.ts';
import { rulesSql } from './sql.ts';

/** What a key may be good for. A closed list. */
export const SCOPES = [
  'feeds:read',
  'feeds:explain',
  'members:read',
  'members:write',
  'bans:read',
  'bans:write',
  'stats:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** A key, without what proves it. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** The first characters of the secret, for telling keys apart. */
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

/** Why a secret proves nothing. */
export type KeyRefusal = 'unknown' | 'revoked' | 'expired';

interface KeyRow {
  id: string;
  name: string;
  prefix: string;
  hash: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

const SQL = {
  create: rulesSql('create-key'),
  find: rulesSql('find-key'),
  list: rulesSql('list-keys'),
  revoke: rulesSql('revoke-key'),
  used: rulesSql('key-used'),
};

const START = 'sk_';
const PREFIX_CHARS = 8;
const USED_EVERY_MS = 60_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether this looks like the secret of a key: it has not been looked for. */
export const isKeySecret = (text: string): boolean => text.startsWith(START) && isSecret(text.slice(START.length));

/** Keys of programs that act for the operator. Of their secrets only the hashes are kept. */
export class ApiKeys {
  readonly #postgres: Postgres;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor({ postgres, clock, log }: { postgres: Postgres; clock: Clock; log: Logger }) {
    this.#postgres = postgres;
    this.#clock = clock;
    this.#log = log;
  }

  /** Makes a key. `secret` is shown here and never again. */
  async createKey(wanted: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly expiresAt?: Date | undefined;
  }): Promise<{ readonly secret: string; readonly key: ApiKey }> {
    const { name, expiresAt = null } = wanted;
    const secret = `${START}${randomSecret()}`;
    const id = randomUUID();
    const prefix = secret.slice(0, PREFIX_CHARS);
    const scopes = [...new Set(wanted.scopes)];
    const createdAt = new Date(this.#clock.nowMs());
    await this.#postgres.query(SQL.create, [id, name, prefix, sha256(secret), scopes, createdAt, expiresAt]);
    return { secret, key: { id, name, prefix, scopes, createdAt, expiresAt, revokedAt: null, lastUsedAt: null } };
  }

  /**
   * The key of this secret, or why there is none. It is looked for by its hash, which nobody can steer: how long that takes
   * says nothing about other keys.
   */
  async findKey(secret: string): Promise<ApiKey | KeyRefusal> {
    if (!isKeySecret(secret)) return 'unknown';
    const hash = sha256(secret);
    const { rows } = await this.#postgres.query<KeyRow>(SQL.find, [hash]);
    const [row] = rows;
    if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return 'unknown';
    if (row.revoked_at !== null) return 'revoked';
    const nowMs = this.#clock.nowMs();
    if (row.expires_at !== null && row.expires_at.getTime() <= nowMs) return 'expired';
    if (row.last_used_at === null || row.last_used_at.getTime() <= nowMs - USED_EVERY_MS)
      await this.#used(row.id, nowMs);
    return fromRow(row);
  }

  /** All of them, the oldest first, those that are good no more included. */
  async listKeys(): Promise<readonly ApiKey[]> {
    const { rows } = await this.#postgres.query<KeyRow>(SQL.list);
    return rows.map(fromRow);
  }

  /** Ends a key at once and for good; false where there is none of this id that still is good. */
  async revokeKey(id: string): Promise<boolean> {
    if (!UUID.test(id)) return false;
    const { rows } = await this.#postgres.query(SQL.revoke, [id, new Date(this.#clock.nowMs())]);
    return rows.length > 0;
  }

  /** A key is as good where this cannot be written. */
  async #used(id: string, nowMs: number): Promise<void> {
    try {
      await this.#postgres.query(SQL.used, [id, new Date(nowMs), new Date(nowMs - USED_EVERY_MS)]);
    } catch (thrown) {
      this.#log.warn({ err: toError(thrown), keyId: id }, 'the use of an API key could not be noted');
    }
  }
}

const fromRow = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
});
