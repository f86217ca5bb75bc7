import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Postgres } from './postgres.ts';

/** How often the room of what was deleted and changed is given back. */
const VACUUM_EVERY_MS = 600_000;
/** Every so many times the planner's figures are taken too: without any it takes every table for a small one. */
const ANALYZE_EVERY = 6;

const TABLES = `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
  WHERE schemaname = current_schema() ORDER BY tablename`;

/**
 * What a Postgres server does by itself and the embedded one, which has one process, does not: vacuum and analyze. Table by
 * table, since everybody waits meanwhile. Does nothing for a server.
 */
export const postgresUpkeep = (postgres: Postgres, { clock, log }: { clock: Clock; log: Logger }): Service => ({
  name: 'postgres upkeep',
  async run(signal) {
    for (let round = 0; !signal.aborted; round += 1) {
      try {
        await clock.sleep(VACUUM_EVERY_MS, signal);
        if (!postgres.embedded) continue;
        const { rows } = await postgres.query<{ name: string }>(TABLES);
        const analyze = round % ANALYZE_EVERY === 0;
        for (const { name } of rows) {
          signal.throwIfAborted();
          // The name is quoted by Postgres itself.
          await postgres.script(`VACUUM ${analyze ? '(ANALYZE) ' : ''}${name}`);
        }
      } catch (error) {
        if (signal.aborted && isAbortError(error)) return;
        log.warn({ err: error }, 'the embedded Postgres could not be tidied; trying again in ten minutes');
      }
    }
  },
});
