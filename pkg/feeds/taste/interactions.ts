import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type Registry, createClosedCounter } from '#pkg/runtime/metrics.ts';
import type { Viewer } from '../feed.ts';
import { INTERACTION_EVENTS, isTasteEvent } from './events.ts';
import { CommitBusyError, createGroupCommit } from './group-commit.ts';
import { type TasteRedis, createKeptTastes } from './kept.ts';
import {
  DROPS,
  type Drop,
  type GivenInteraction,
  type Said,
  readInteractions,
  saidColumns,
  writeSaid,
} from './said.ts';
import { withTags } from './signals.ts';
import { learn } from './state.ts';
import { createUpkeep } from './upkeep.ts';

export type { GivenInteraction } from './said.ts';

/** The interactions could not be stored, or the taste could not be changed, right now: answer 503, the client may try again. */
export class InteractionsBusyError extends Error {
  override readonly name = 'InteractionsBusyError';
}

/** Options of `createInteractions`. */
export interface InteractionsOptions {
  readonly store: ClickHouse;
  readonly redis: TasteRedis;
  readonly keys: Pick<Keys, 'actorId' | 'subjectKey'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** Takes what accounts say about posts. */
export interface Interactions {
  /**
   * Resolves when everything is durable and the account's taste has changed. What is no event we know and no post is dropped and
   * counted. At least once: after an error some of it may be stored, and saying it again stores it again, which the taste
   * takes as one, but not the figures of `readStats`.
   * @throws InteractionsBusyError when a store is away or slow; anything else is a bug or a database that is not ours to use
   */
  accept(viewer: Viewer, interactions: readonly GivenInteraction[]): Promise<void>;
  /** Brings tastes in Redis up to date with ClickHouse: at the start, after a failure, when Redis lost them. */
  readonly services: readonly Service[];
}

/** Rows that may wait while others are written, and for how long: some 30 MB at worst. */
const MOST_WAITING = 5_000;
const PATIENCE_MS = 5_000;

export const createInteractions = (options: InteractionsOptions): Interactions => {
  const { store, redis, keys, clock, log, registry } = options;
  const metrics = createInteractionMetrics(registry);
  const kept = createKeptTastes(redis);
  const upkeep = createUpkeep({ store, redis, kept, clock, log });
  const durable = createGroupCommit<Said>({
    clock,
    mostWaiting: MOST_WAITING,
    patienceMs: PATIENCE_MS,
    write: (rows) => store.insertRows('feed_interactions', saidColumns, writeSaid(rows)),
  });

  const changeTaste = async (viewer: Viewer, rows: readonly Said[], atMs: number) => {
    const signals = rows.filter(({ event }) => isTasteEvent(event));
    if (signals.length === 0) return;
    try {
      const learned = await withTags(store, signals);
      await kept.update(viewer.id, (state) => {
        for (const signal of learned) learn(state, signal);
      });
    } catch (error) {
      // It is durable: the taste is made of it later, whatever the client does.
      upkeep.repairSince(atMs);
      throw busyOr(error, 'the taste could not be changed');
    }
  };

  return {
    async accept(viewer, interactions) {
      const atMs = clock.nowMs();
      const { rows, dropped } = readInteractions({ viewer, given: interactions, atMs }, keys);
      metrics.onDropped(dropped);
      if (rows.length === 0) return;
      try {
        await durable.commit(rows);
      } catch (error) {
        // Part of it may have become durable, or may yet.
        upkeep.repairSince(atMs);
        throw busyOr(error, 'the interactions could not be stored');
      }
      metrics.onStored(rows);
      await changeTaste(viewer, rows, atMs);
    },
    services: [upkeep.service],
  };
};

/** A store that is away is no bug; one that refuses our statements is not to be hidden behind "try again". */
const busyOr = (error: unknown, message: string): Error => {
  const isOurs = !(error instanceof CommitBusyError) && classifyFailure(error) !== 'busy';
  return isOurs ? toError(error) : new InteractionsBusyError(message, { cause: error });
};

const createInteractionMetrics = (registry: Registry) => {
  const stored = createClosedCounter(registry, {
    name: 'skyflow_feed_interactions_total',
    help: 'Interactions with posts of feeds that were stored, by event.',
    label: 'event',
    values: INTERACTION_EVENTS,
  });
  const drops = createClosedCounter(registry, {
    name: 'skyflow_feed_interactions_dropped_total',
    help: 'Interactions that were not stored, by reason.',
    label: 'reason',
    values: DROPS,
  });
  return {
    onStored(rows: readonly Said[]): void {
      for (const { event } of rows) stored.inc(event);
    },
    onDropped(dropped: Readonly<Record<Drop, number>>): void {
      for (const reason of DROPS) if (dropped[reason] > 0) drops.inc(reason, dropped[reason]);
    },
  };
};
