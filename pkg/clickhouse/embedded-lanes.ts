import { type ChdbConnection, createChdbConnection } from 'chdb/connection';
import { type Cancellations, markedName } from './cancel.ts';
import { createConnectionPool } from './connection-pool.ts';
import {
  isOneSelect,
  type Lane,
  limitSettings,
  type LimitedStatement,
  refuseUnlessSelect,
  requireNoSettings,
  underTimer,
} from './limited.ts';
import { bindStatement, requireParameters, textLiteral } from './parameters.ts';
import { settingList } from './query.ts';
import type { ClickHouseLocation, QueryOptions } from './store.ts';

/** Statements that run at a time. Ours are two, so that what a person waits for does not wait for another's. */
const most: Readonly<Record<Lane, number>> = { ours: 2, operator: 1 };

/** Before the parameters: a thousand ids take 20 kB. */
const longStatements = 'SET max_query_size = 16777216';

/** Statements under limits on the embedded engine. */
export interface Lanes {
  run(statement: LimitedStatement, options?: QueryOptions): Promise<Record<string, unknown>[]>;
  /** Resolves when no statement runs any more. */
  close(): Promise<void>;
}

/**
 * Every statement has a session of its own (2 ms), which is read-only from before it begins: settings, parameters and what a failed
 * statement leaves behind cannot reach the next, and a session that is read-only could take no parameters.
 */
export const createLanes = (
  location: ClickHouseLocation,
  cancellations: Cancellations,
  kill: (id: string) => Promise<void>,
): Lanes => {
  const lanes = { ours: createTurns(most.ours), operator: createTurns(most.operator) };
  const run: Lanes['run'] = async (statement, { signal } = {}) => {
    requireNoSettings(statement);
    return underTimer(statement, signal, (until, startTimer) =>
      cancellations.run({
        signal: until,
        start: (id) =>
          lanes[statement.lane].lend(async () => {
            until.throwIfAborted();
            requireParameters(statement.sql, statement.params);
            startTimer();
            return runOn(location, statement, id);
          }),
        stop: kill,
        settlesWithEngine: true,
      }),
    );
  };
  return { run, close: async () => void (await Promise.all([lanes.ours.close(), lanes.operator.close()])) };
};

const createTurns = (turns: number) =>
  createConnectionPool<'turn'>({
    most: turns,
    open: () => Promise.resolve('turn'),
    close: () => Promise.resolve(),
    tidy: () => Promise.resolve(),
  });

const runOn = async (location: ClickHouseLocation, statement: LimitedStatement, id: string) => {
  const connection = createChdbConnection({ path: location.path });
  try {
    for (const sql of preparations(location, statement, id)) await connection.chdb.queryAsync(sql);
    if (statement.lane === 'operator') await requireOneSelect(connection, statement.sql);
    const result = await connection.chdb.queryAsync(statement.sql, { format: 'JSONEachRow' });
    return rowsOf(result.text());
  } finally {
    await connection.close();
  }
};

const preparations = (location: ClickHouseLocation, statement: LimitedStatement, id: string): string[] => {
  const settings = {
    ...limitSettings(statement),
    // With less than 2 GiB of memory allowed the engine would run every query on one core.
    max_threads_min_free_memory_per_thread: 0,
    log_comment: markedName(statement.name, id),
    readonly: 1,
  };
  const hasParams = Object.keys(statement.params).length > 0;
  return [
    longStatements,
    `USE ${location.database}`,
    ...(hasParams ? [bindStatement(statement.params)] : []),
    `SET ${settingList(settings)}`,
  ];
};

/** In JSONEachRow a row is a line. */
const rowsOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** chDB runs `a; b` one after the other. */
const requireOneSelect = async (connection: ChdbConnection, sql: string): Promise<void> => {
  const result = await connection.chdb.queryAsync(isOneSelect(textLiteral(sql)), { format: 'TSV' });
  refuseUnlessSelect(sql, result.text());
};
