import type { Bus } from '#pkg/bus/client.ts';
import { consumeRaw, type RawMessage } from '#pkg/bus/consume-raw.ts';
import { ack, dead, type Outcome } from '#pkg/bus/outcome.ts';
import type { StreamName } from '#pkg/bus/stream-table.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { isStoreAway, onPostgres } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { letterRow } from './letter.ts';
import { eventRow } from './row.ts';
import { writeEvents, writeLetters } from './rows-store.ts';
import { letterCount, retention } from './upkeep.ts';

/** What the event router needs: Postgres migrated, streams and durables made. */
export interface RouterOptions {
  readonly postgres: Postgres;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** The streams whose events are audited. REALTIME tells again what is told there. */
const AUDITED = ['USER', 'SUBSCRIPTION', 'TIMELINE', 'GAMIFICATION'] as const satisfies readonly StreamName[];

/**
 * The event router: every event of the streams above into `audit_log`, once; every dead letter into `dlq_events` and
 * `audit_log`; what is old, out. Any number of them may run.
 */
export const createRouter = (options: RouterOptions): { readonly services: readonly Service[] } => {
  const { postgres, registry } = options;
  const log = options.log.child({ component: 'event-router' });
  const common = { ...options, log, durable: 'event-router', isAway: isStoreAway } as const;
  return {
    services: [
      ...AUDITED.map((stream) => consumeRaw({ ...common, stream, handler: (messages) => audit(postgres, messages) })),
      // What has died once may not die again: it would come back as its own dead letter.
      consumeRaw({ ...common, stream: 'DLQ', neverDead: true, handler: (messages) => keep(postgres, messages) }),
      retention({ ...options, log }),
      letterCount({ ...options, log }, registry),
    ],
  };
};

const audit = async (postgres: Postgres, messages: readonly RawMessage[]): Promise<readonly Outcome[]> => {
  const read = messages.map(eventRow);
  await onPostgres(
    writeEvents(
      postgres,
      read.flatMap((one) => (one.ok ? [one.row] : [])),
    ),
  );
  return read.map((one) => (one.ok ? ack : dead(one.reason)));
};

const keep = async (postgres: Postgres, messages: readonly RawMessage[]): Promise<readonly Outcome[]> => {
  await onPostgres(writeLetters(postgres, messages.map(letterRow)));
  return messages.map(() => ack);
};
