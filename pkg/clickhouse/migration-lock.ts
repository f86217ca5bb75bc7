import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { clickHouseCode } from '#pkg/clickhouse/errors.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** Patience of the lock, in milliseconds, measured by the server's clock where two processes must agree. */
export interface LockTimes {
  /** A holder that has not shown life for this long is dead. */
  readonly leaseMs: number;
  /** How often the holder shows life. */
  readonly beatMs: number;
  /** Between two looks at a lock that somebody else holds. */
  readonly pollMs: number;
  /** After waiting this long for a living holder, give up. */
  readonly waitMs: number;
}

export const defaultLockTimes: LockTimes = { leaseMs: 60_000, beatMs: 10_000, pollMs: 500, waitMs: 600_000 };

export interface MigrationLockOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly times?: Partial<LockTimes>;
}

/** The lock as its holder sees it. */
export interface HeldLock {
  /** Rejects with a UserError when another process has taken the lock over, believing this one dead. */
  stillHeld(): Promise<void>;
}

const lockTable = 'schema_migrations_lock';
const tableExists = 57;
const tableMissing = 60;
/** Another process is renaming or dropping the table right now. */
const ddlInProgress = new Set([tableExists, tableMissing, 219, 741]);
/** The remains of broken locks stay for an hour: see `breakLock`. */
const brokenKeptMs = 3_600_000;

interface Holder {
  owner: string;
  who: string;
  takenMs: number;
}

const holderQuery = defineQuery<{ table: string }, { comment: string; now_ms: string }>({
  name: 'migration_lock_holder',
  sql: `SELECT comment, toUnixTimestamp64Milli(now64(3)) AS now_ms FROM system.tables
    WHERE database = currentDatabase() AND name = {table:String}`,
});

const nowQuery = defineQuery<Record<string, never>, { now_ms: string }>({
  name: 'migration_lock_now',
  sql: 'SELECT toUnixTimestamp64Milli(now64(3)) AS now_ms',
});

const beatQuery = defineQuery<{ owner: string }, { beat_ms: string }>({
  name: 'migration_lock_beat',
  sql: `SELECT toUnixTimestamp64Milli(max(at)) AS beat_ms FROM ${lockTable} WHERE owner = {owner:String}`,
});

const brokenQuery = defineQuery<Record<string, never>, { name: string; comment: string }>({
  name: 'migration_lock_broken',
  sql: `SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND startsWith(name, '${lockTable}_broken_')`,
});

const readHolder = (comment: string): Holder => {
  const [owner = '', takenMs = '0', ...who] = comment.split(' ');
  return { owner, takenMs: Number(takenMs), who: who.join(' ') };
};

/**
 * Runs `fn` while no other process migrates this database of a ClickHouse server, which has no locks of its own. The lock is
 * a table: of two who create it one succeeds, and who it is stands in its comment from the first moment. The holder adds a
 * row now and then; one that has not done so for the lease is dead, and its lock is broken.
 * @throws UserError when a living holder keeps it for longer than `waitMs`
 */
export const withMigrationLock = async <T>(
  store: ClickHouse,
  options: MigrationLockOptions,
  fn: (lock: HeldLock) => Promise<T>,
): Promise<T> => {
  const lock = new ServerLock(store, options);
  await lock.take();
  const stop = new AbortController();
  const beating = lock.beat(stop.signal);
  try {
    return await fn(lock);
  } finally {
    stop.abort();
    await beating;
    await lock.release();
  }
};

class ServerLock implements HeldLock {
  readonly #store: ClickHouse;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #times: LockTimes;
  readonly #owner = randomBytes(8).toString('hex');

  constructor(store: ClickHouse, { log, clock = systemClock, times }: MigrationLockOptions) {
    this.#store = store;
    this.#log = log;
    this.#clock = clock;
    this.#times = { ...defaultLockTimes, ...times };
  }

  async take(): Promise<void> {
    const startMs = this.#clock.nowMs();
    for (let tries = 0; !(await this.#create()); tries += 1) {
      const found = await this.#look();
      if (found === undefined) continue;
      const { holder, silentMs } = found;
      if (silentMs > this.#times.leaseMs) {
        this.#log.warn({ holder: holder.who, silentMs }, 'the holder of the migration lock is gone: taking it over');
        await this.#break(holder);
        continue;
      }
      if (this.#clock.nowMs() - startMs > this.#times.waitMs) throw tooLong(holder);
      if (tries === 0) this.#log.info({ holder: holder.who }, 'waiting for another process that migrates ClickHouse');
      await this.#clock.sleep(this.#times.pollMs);
    }
    await this.#sweep();
  }

  async beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(this.#times.beatMs, signal);
        await this.#store.command(`INSERT INTO ${lockTable} (owner) SELECT {owner:String}`, { owner: this.#owner });
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ err: error }, 'the migration lock could not be renewed: trying again');
      }
    }
  }

  async stillHeld(): Promise<void> {
    if (await this.#isMine()) return;
    throw new UserError('Another process has taken over the migration of ClickHouse from this one.', {
      hint: 'This process was stopped or cut off for too long. Let the other one finish, then run this again.',
    });
  }

  async release(): Promise<void> {
    try {
      if (await this.#isMine()) await this.#store.command(`DROP TABLE IF EXISTS ${lockTable} SYNC`);
    } catch (error) {
      this.#log.warn({ err: error }, 'the migration lock could not be released: it lapses by itself within a minute');
    }
  }

  async #isMine(): Promise<boolean> {
    const [row] = await this.#store.query(holderQuery, { table: lockTable });
    return row !== undefined && readHolder(row.comment).owner === this.#owner;
  }

  /** False when somebody else holds it. */
  async #create(): Promise<boolean> {
    const [now] = await this.#store.query(nowQuery, {});
    const who = `${hostname().replace(/[^\w.-]/g, '')}, process ${process.pid}`;
    try {
      await this.#store.command(
        `CREATE TABLE ${lockTable} (owner String, at DateTime64(3) DEFAULT now64(3)) ENGINE = MergeTree ORDER BY at
        COMMENT '${this.#owner} ${now?.now_ms} ${who}'`,
      );
      return true;
    } catch (error) {
      if (clickHouseCode(error) !== tableExists) throw error;
      return false;
    }
  }

  /** The holder and how long it has been silent; undefined when the lock is free again. */
  async #look(): Promise<{ holder: Holder; silentMs: number } | undefined> {
    try {
      const [row] = await this.#store.query(holderQuery, { table: lockTable });
      if (row === undefined) return undefined;
      const holder = readHolder(row.comment);
      const [beat] = await this.#store.query(beatQuery, { owner: holder.owner });
      const aliveMs = Math.max(holder.takenMs, Number(beat?.beat_ms ?? 0));
      return { holder, silentMs: Number(row.now_ms) - aliveMs };
    } catch (error) {
      if (clickHouseCode(error) === tableMissing) return undefined;
      throw error;
    }
  }

  /**
   * Moves a dead holder's lock away, under a name made of its owner. That name can be given only once, so that one who
   * found the same dead holder but comes late cannot move the next, living holder's lock: hence the remains are kept.
   */
  async #break(holder: Holder): Promise<void> {
    try {
      await this.#store.command(`RENAME TABLE ${lockTable} TO ${lockTable}_broken_${holder.owner}`);
    } catch (error) {
      const code = clickHouseCode(error);
      if (code === undefined || !ddlInProgress.has(code)) throw error;
      await this.#clock.sleep(this.#times.pollMs);
    }
  }

  async #sweep(): Promise<void> {
    const [now] = await this.#store.query(nowQuery, {});
    for (const { name, comment } of await this.#store.query(brokenQuery, {})) {
      const ageMs = Number(now?.now_ms) - readHolder(comment).takenMs;
      if (ageMs > brokenKeptMs) await this.#store.command(`DROP TABLE IF EXISTS \`${name}\``);
    }
  }
}

const tooLong = (holder: Holder): UserError =>
  new UserError(`Another process (${holder.who}) has been migrating this ClickHouse database for a long time.`, {
    hint: `Wait for it to finish. If it hangs, end it: its lock lapses within a minute, or drop the table ${lockTable}.`,
  });
