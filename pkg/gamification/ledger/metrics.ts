import { type ClosedCounter, createClosedCounter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';
import { LEDGER_TYPES, type LedgerType } from '../model.ts';
import { SETTLED, type Settled } from './settled.ts';

/** What the ledger counts. */
export interface LedgerMetrics {
  readonly deeds: ClosedCounter<Settled>;
  readonly rows: ClosedCounter<LedgerType>;
  readonly seconds: Histogram;
}

export function ledgerMetrics(registry: Registry): LedgerMetrics {
  return {
    deeds: createClosedCounter(registry, {
      name: 'skyflow_ledger_deeds_total',
      help: 'What could bring XP, by what became of it',
      label: 'outcome',
      values: SETTLED,
    }),
    rows: createClosedCounter(registry, {
      name: 'skyflow_ledger_rows_total',
      help: 'Rows of the XP ledger by type',
      label: 'type',
      values: LEDGER_TYPES,
    }),
    seconds: new Histogram({
      name: 'skyflow_ledger_settle_seconds',
      help: 'Time of one transaction of the XP ledger',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers: [registry],
    }),
  };
}
