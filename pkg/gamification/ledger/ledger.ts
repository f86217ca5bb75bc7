import type { BusEvent } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type { Postgres, Querier } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { errorCode, toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Deed } from '../model.ts';
import { ledgerMetrics } from './metrics.ts';
import { eraseWithin, readTiers, setHiddenWithin, setTierWithin } from './people.ts';
import { type Absent, MissingRowError, readPlayers } from './players.ts';
import { type RebuildProgress, rebuildAll } from './rebuild.ts';
import type { Settled } from './settled.ts';
import { settleWithin } from './settle.ts';
import { ledgerSql } from './sql.ts';
import { type Player, type StoredRow, toLedgerRow, type TransactionRow } from './stored.ts';

/**
 * The XP ledger and all that is made of it in Postgres: the one place where XP, streaks and achievements change. Every
 * method rejects with a StoreAwayError while Postgres is away.
 */
export interface Ledger {
  /**
   * Counts what happened: all of it, or, where it rejects, nothing. One answer for each deed, in their order. Deeds of one
   * user count one after the other; the same one again counts nothing. Any number of processes may do it at once.
   */
  settle(deeds: readonly Deed[]): Promise<readonly Settled[]>;
  /** Undefined for who is no user, or was never heard of. */
  readPlayer(userId: string): Promise<Player | undefined>;
  /** Only those who have a row. */
  readPlayers(userIds: readonly string[]): Promise<ReadonlyMap<string, Player>>;
  /** The newest first; `before`: those with a lower id. */
  readLedger(
    userId: string,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly StoredRow[]>;
  /** When each was unlocked (ms since 1970), by slug. */
  readAchievements(userId: string): Promise<ReadonlyMap<string, number>>;
  setHidden(userId: string, hidden: boolean): Promise<'set' | Absent>;
  /** Notes the tier that a user has from `atMs` on, and makes their row where there is none. */
  setTier(userId: string, tier: Tier, atMs: number): Promise<'set' | Absent>;
  /** The tiers at a moment, of those who have a row; a change at that very moment counts. */
  tierAt(userIds: readonly string[], ms: number): Promise<ReadonlyMap<string, Tier>>;
  /** Deletes all that gamification has of a user, unless they are here. */
  erase(userId: string): Promise<'erased' | 'is here'>;
  /** Makes all that follows from the ledger again. May run beside everything else, stop anywhere and run again. */
  rebuildFromLedger(options?: { readonly onProgress?: (progress: RebuildProgress) => void }): Promise<RebuildProgress>;
}

export interface LedgerOptions {
  readonly postgres: Postgres;
  /** Is told of the events after the commit that wrote them. */
  readonly relay: { offer(events: readonly BusEvent[]): void };
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

const READ_LEDGER = ledgerSql('read-ledger');
const ACHIEVEMENTS = ledgerSql('read-achievements');
const TRIES = 4;

export function createLedger({ postgres, relay, clock, log, registry }: LedgerOptions): Ledger {
  const metrics = ledgerMetrics(registry);
  const within = <T>(work: Work<T>) => onPostgres(inTransaction(postgres, work));
  const players = async (userIds: readonly string[]) => {
    const all = await onPostgres(readPlayers(postgres, userIds));
    return new Map([...all].filter((entry): entry is [string, Player] => typeof entry[1] !== 'string'));
  };
  return {
    async settle(deeds) {
      if (deeds.length === 0) return [];
      const nowMs = clock.nowMs();
      const { settled, effects, events } = await within((tx, again) =>
        settleWithin(tx, deeds, { nowMs, making: again }),
      );
      relay.offer(events);
      metrics.seconds.observe((clock.nowMs() - nowMs) / 1000);
      for (const outcome of settled) metrics.deeds.inc(outcome);
      for (const row of effects.flatMap((effect) => effect?.rows ?? [])) metrics.rows.inc(row.type);
      return settled;
    },
    async readPlayer(userId) {
      return (await players([userId])).get(userId);
    },
    readPlayers: players,
    async readLedger(userId, { before, limit }) {
      const params = [userId, before ?? null, limit];
      const { rows } = await onPostgres(postgres.query<TransactionRow>(READ_LEDGER, params));
      return rows.map(toLedgerRow);
    },
    async readAchievements(userId) {
      const { rows } = await onPostgres(postgres.query<{ slug: string; unlocked_at: Date }>(ACHIEVEMENTS, [userId]));
      return new Map(rows.map((row) => [row.slug, row.unlocked_at.getTime()]));
    },
    setHidden: (userId, hidden) => within((tx) => setHiddenWithin(tx, userId, hidden)),
    setTier: (userId, tier, atMs) => within((tx) => setTierWithin(tx, userId, { tier, atMs })),
    tierAt: (userIds, ms) => onPostgres(readTiers(postgres, userIds, ms)),
    erase: (userId) => within((tx) => eraseWithin(tx, userId)),
    async rebuildFromLedger({ onProgress } = {}) {
      const done = await onPostgres(rebuildAll(postgres, onProgress));
      if (done.wrongTotals > 0)
        log.warn({ rows: done.wrongTotals }, 'the ledger has running totals that do not add up');
      return done;
    },
  };
}

/** Deadlock found, could not serialize: nothing is wrong but the moment. */
const MOMENTARY = new Set(['40P01', '40001']);

/** `again`: it was tried before, and what it wrote is gone. */
type Work<T> = (tx: Querier, again: boolean) => Promise<T>;

async function inTransaction<T>(postgres: Postgres, work: Work<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await postgres.transaction((tx) => work(tx, tries > 1));
    } catch (thrown) {
      const error = toError(thrown);
      const again = error instanceof MissingRowError || MOMENTARY.has(errorCode(error) ?? '');
      if (!again || tries === TRIES) throw error;
    }
  }
}
