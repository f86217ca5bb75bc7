import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import { openPostgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { findPostgres } from '../e2e/postgres-programs.mjs';
import { startPostgres } from '../e2e/postgres.ts';
import { BusHelper } from './bus-protocol.ts';
import { cpuOf } from './cpu-of.ts';
import { percentile } from './load.ts';

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly last: number;
}

/** What one rate came to. */
export interface Run {
  /** Analyses a second. */
  readonly rate: number;
  /** From the publish to the commit of the row. */
  readonly ledgerMs: Spread;
  /** From the publish to the client's read of the frame. */
  readonly frameMs: Spread;
  /** By how much longer it took until all was counted than it was published for: 0.1 is a tenth. */
  readonly late: number;
  /** Frames that did not come to those who have a connection. */
  readonly missed: number;
  /** CPU seconds a second, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly cpuMsPerAnalysis: Readonly<Record<string, number>>;
}

interface Options {
  readonly folder: string;
  readonly users: readonly string[];
  readonly watchEvery: number;
  readonly postgres: string;
}

interface Stores {
  readonly bus: Bus;
  readonly redis: RedisHandle;
  readonly closePostgres: () => Promise<void>;
  readonly pids: Readonly<Record<string, number>>;
  readonly postgresName: string;
}

const migrations = new URL('../../migrations/postgres/', import.meta.url).pathname;
const POLL_MS = 50;
const DRAIN_MS = 120_000;

/** All processes of the bench. */
export class BusBench {
  readonly #stores: Stores;
  readonly #gamification: BusHelper;
  readonly #gateway: BusHelper;
  readonly #publisher: BusHelper;
  readonly #clients: BusHelper;
  #published = 0;

  private constructor(stores: Stores, helpers: readonly [BusHelper, BusHelper, BusHelper, BusHelper]) {
    this.#stores = stores;
    [this.#gamification, this.#gateway, this.#publisher, this.#clients] = helpers;
  }

  get postgresName(): string {
    return this.#stores.postgresName;
  }

  static async open(options: Options): Promise<BusBench> {
    const { folder, users, watchEvery } = options;
    const log = createLogger({ level: 'warn' });
    const quiet = createLogger({ level: 'silent' });
    const dataDir = join(folder, 'data');
    const wantsServer = options.postgres === 'server' || (options.postgres === '' && findPostgres() !== undefined);
    const server = wantsServer ? await startPostgres(folder, quiet) : undefined;
    const postgresUrl = server === undefined ? undefined : `${server.url}?options=-c%20synchronous_commit%3Don`;
    const postgres = await openPostgres({ url: postgresUrl, dataDir, log });
    await migrateUp({
      store: postgresMigrationStore(postgres),
      migrations: await readMigrations(migrations),
      log: quiet,
    });
    await postgres.query('INSERT INTO users (did) SELECT unnest($1::text[])', [users]);
    const postgresName = postgres.version;
    await postgres.close();
    const redis = await openRedis({ dataDir, log });
    const bus = await openBus({ dataDir, log });
    await reconcileStreams(bus, quiet);
    const names = ['gamification', 'gateway', 'publisher', 'client'];
    const helpers = names.map((name) => new BusHelper(`bus-${name}-process.ts`)) as [
      BusHelper,
      BusHelper,
      BusHelper,
      BusHelper,
    ];
    const pidIn = (file: string): number => Number(readFileSync(join(folder, file), 'utf8'));
    const pids = {
      ...Object.fromEntries(names.map((name, index) => [name, helpers[index]?.pid ?? -1])),
      nats: pidIn('data/nats/server.pid'),
      redis: pidIn('data/redis/server.pid'),
      ...(server === undefined ? {} : { postgres: pidIn('postgres.pid') }),
    };
    const closePostgres = async (): Promise<void> => server?.[Symbol.asyncDispose]();
    const bench = new BusBench({ bus, redis, closePostgres, pids, postgresName }, helpers);
    const common = { do: 'open' as const, natsUrl: bus.url, redisUrl: redis.url, dataDir };
    await bench.#gamification.ask({ ...common, postgresUrl });
    const watched = users.filter((_, index) => index % watchEvery === 0);
    const { count: port, rows } = await bench.#gateway.ask({ ...common, users: watched });
    await bench.#clients.ask({ do: 'connect', port, tokens: rows.map(({ token }) => String(token)) });
    await bench.#publisher.ask({ ...common, users: [...users], watchEvery });
    return bench;
  }

  /** The first analysis of everybody: it unlocks things, as no later one does. Also, code is compiled. */
  async warmUp(): Promise<void> {
    const { count } = await this.#publisher.ask({ do: 'publish', rate: 0, seconds: 0, each: true });
    this.#published += count;
    await this.#drained();
    await this.run(1_000, 8);
  }

  async run(rate: number, seconds: number): Promise<Run> {
    await this.#gamification.ask({ do: 'collect' });
    await this.#clients.ask({ do: 'collect' });
    const before = this.#cpu();
    const startMs = performance.now();
    const { count, watched } = await this.#publisher.ask({ do: 'publish', rate, seconds });
    this.#published += count;
    await this.#counted();
    const countedMs = performance.now() - startMs;
    const cpu = this.#cpu();
    await this.#drained();
    const ledger = await this.#gamification.ask({ do: 'collect' });
    const frames = await this.#clients.ask({ do: 'collect' });
    const used = Object.entries(cpu).map(([name, total]) => [name, total - (before[name] ?? 0)] as const);
    return {
      rate,
      ledgerMs: spread(ledger.latenciesMs),
      frameMs: spread(frames.latenciesMs),
      // A publisher that does not keep its own rate is late as well.
      late: Math.max(0, countedMs / 1000 / seconds - 1),
      missed: watched - frames.latenciesMs.length,
      cpu: Object.fromEntries(used.map(([name, seconds]) => [name, seconds / (countedMs / 1000)])),
      cpuMsPerAnalysis: Object.fromEntries(used.map(([name, seconds]) => [name, (seconds * 1000) / count])),
    };
  }

  /** Whether the ledger has each analysis once and adds up; '' where it does. */
  async check(): Promise<string> {
    const { rows } = await this.#gamification.ask({
      do: 'query',
      text: `SELECT
        (SELECT count(*) FROM xp_transactions WHERE event_type = 'timeline_analyzed' AND NOT is_bonus) AS analyses,
        (SELECT sum(xp_delta) FROM xp_transactions)::bigint AS earned,
        (SELECT sum(xp_total) FROM players)::bigint AS totals,
        (SELECT sum(xp) FROM weekly_xp)::bigint AS weekly,
        (SELECT count(*) FROM outbox) AS waiting`,
    });
    const [row] = rows;
    const expected = { analyses: this.#published, totals: row?.['earned'], weekly: row?.['earned'], waiting: 0 };
    const wrong = Object.entries(expected).filter(([name, value]) => row?.[name] !== value);
    return wrong.map(([name, value]) => `${name} is ${String(row?.[name])}, not ${String(value)}`).join('; ');
  }

  async close(): Promise<void> {
    for (const each of [this.#publisher, this.#clients, this.#gamification, this.#gateway]) each.end();
    const { bus, redis, closePostgres } = this.#stores;
    await systemClock.sleep(500);
    await bus.close();
    await redis.close();
    await closePostgres();
  }

  #cpu(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#stores.pids).map(([name, pid]) => [name, cpuOf(pid)]));
  }

  async #waiting(stream: string, durable: string): Promise<number> {
    const info = await this.#stores.bus.jsm.consumers.info(stream, durable);
    return info.num_pending + info.num_ack_pending;
  }

  /** Until the ledger has all that was published. */
  async #counted(): Promise<void> {
    await this.#until(async () => (await this.#waiting('TIMELINE', 'timeline-xp-awarder')) === 0);
  }

  /** Until nothing is under way any more. */
  async #drained(): Promise<void> {
    await this.#until(async () => {
      for (const durable of ['leaderboard-updater', 'achievement-checker']) {
        if ((await this.#waiting('GAMIFICATION', durable)) > 0) return false;
      }
      if ((await this.#waiting('REALTIME', 'realtime-gateway')) > 0) return false;
      const { rows } = await this.#gamification.ask({ do: 'query', text: 'SELECT count(*) AS n FROM outbox' });
      return rows[0]?.['n'] === 0;
    });
  }

  async #until(isDone: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + DRAIN_MS;
    while (!(await isDone())) {
      if (performance.now() > endMs) throw new Error(`not done within ${DRAIN_MS} ms`);
      await systemClock.sleep(POLL_MS);
    }
  }
}

const spread = (ms: readonly number[]): Spread => ({
  p50: percentile(ms, 0.5),
  p99: percentile(ms, 0.99),
  last: percentile(ms, 1),
});
