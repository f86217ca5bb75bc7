import { randomUUID } from 'node:crypto';
import { type BusEvent, decodeEvent, type EventDefinition, EVENTS } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { AnalysisDeed, Deed } from '../model.ts';
import { createLedger, type Ledger } from './ledger.ts';

/** Thursday, noon. */
export const NOON = Date.parse('2026-03-12T12:00:00.000Z');
export const DAY_MS = 86_400_000;

const log = createLogger({ level: 'silent' });

/** A real Postgres with all tables, and a ledger on it. */
export interface LedgerWorld extends AsyncDisposable {
  readonly postgres: Postgres;
  /** A second connection, where Postgres is a server. */
  readonly openAgain: (() => Promise<Postgres>) | undefined;
  readonly ledger: Ledger;
  readonly clock: ManualClock;
  /** What the relay was told of, oldest first. */
  readonly offered: BusEvent[];
  /** Makes a ledger of its own on `postgres`. */
  ledgerOn(postgres: Postgres): Ledger;
  /** Signs a user in, and returns the DID. */
  addUser(options?: { readonly userId?: string; readonly tier?: Tier }): Promise<string>;
  leave(userId: string): Promise<void>;
  count(table: string): Promise<number>;
}

export async function openLedgerWorld(): Promise<LedgerWorld> {
  const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  const { postgres, openAgain } = throwaway;
  const folder = new URL('../../../migrations/postgres/', import.meta.url).pathname;
  await migrateUp({ store: postgresMigrationStore(postgres), migrations: await readMigrations(folder), log });
  const clock = new ManualClock(NOON);
  const offered: BusEvent[] = [];
  const relay = { offer: (events: readonly BusEvent[]) => void offered.push(...events) };
  const ledgerOn = (on: Postgres) => createLedger({ postgres: on, relay, clock, log, registry: createMetrics() });
  return {
    postgres,
    openAgain,
    ledger: ledgerOn(postgres),
    clock,
    offered,
    ledgerOn,
    async addUser({ userId = `did:plc:${randomUUID().replaceAll('-', '').slice(0, 24)}`, tier = 'drift' } = {}) {
      await postgres.query('INSERT INTO users (did, tier) VALUES ($1, $2)', [userId, tier]);
      return userId;
    },
    async leave(userId) {
      await postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [userId]);
    },
    async count(table) {
      const { rows } = await postgres.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
      return rows[0]?.n ?? 0;
    },
    [Symbol.asyncDispose]: () => throwaway[Symbol.asyncDispose](),
  };
}

/** An analysis of its own, of a user on drift through Pulse: no achievement is about those alone. */
export const analysis = (userId: string, changes: Partial<AnalysisDeed> = {}): AnalysisDeed => ({
  kind: 'analysis',
  userId,
  eventId: randomUUID(),
  tier: 'drift',
  lens: 'pulse',
  score: null,
  atMs: NOON,
  correlationId: 'the-request',
  causationId: 'the-analysis',
  ...changes,
});

/** All tables of gamification, as text that can be compared; without what counts writes rather than what was earned. */
export async function tablesOf(postgres: Postgres, userIds: readonly string[]): Promise<Record<string, unknown[]>> {
  const read = async (sql: string) => (await postgres.query(sql, [userIds])).rows;
  const rows = 'WHERE user_id = ANY($1::text[]) ORDER BY';
  return {
    ledger: await read(
      `SELECT user_id, event_type, event_id, xp_delta, xp_total, xp_multiplier, reason, metadata, is_bonus, bonus_reason, occurred_at
       FROM xp_transactions ${rows} user_id, id`,
    ),
    players: await read(
      `SELECT user_id, xp_total, analyses, referrals, lenses, tier, network_size, tracked_users, hidden, inactive
       FROM players ${rows} user_id`,
    ),
    weekly: await read(`SELECT * FROM weekly_xp ${rows} user_id, week`),
    streaks: await read(`SELECT * FROM streaks ${rows} user_id`),
    days: await read(`SELECT * FROM streak_days ${rows} user_id, day`),
    unlocked: await read(`SELECT * FROM user_achievements ${rows} user_id, slug`),
  };
}

/** Fails the first statement that matches, once it is reached: as a connection that breaks there. */
export function failingAt(postgres: Postgres, statement: RegExp): Postgres {
  return {
    ...postgres,
    transaction: (fn) =>
      postgres.transaction((tx) =>
        fn({
          ...tx,
          query: (text, params) =>
            statement.test(text) ? Promise.reject(new Error('the connection broke')) : tx.query(text, params),
        }),
      ),
  };
}

/** The name of a known event, its ids and its message. */
export function read(event: BusEvent) {
  const found = Object.entries(EVENTS).find(([, { subject }]) => subject === event.subject);
  if (found === undefined) throw new Error(`there is no event ${event.subject}`);
  const definition: EventDefinition = found[1];
  const decoded = decodeEvent(definition, event.bytes);
  return { name: found[0], ...decoded, message: decoded.message as unknown as Record<string, unknown> };
}

/** Settles each in a transaction of its own. */
export async function oneByOne(ledger: Ledger, deeds: readonly Deed[]): Promise<void> {
  for (const deed of deeds) await ledger.settle([deed]);
}
