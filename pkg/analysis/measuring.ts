import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, type Query } from '#pkg/clickhouse/query.ts';
import type { Lens } from '#pkg/contracts/lens.ts';
import { cloutScore } from './clout/score.ts';
import { flowScore } from './flow/score.ts';
import { kudosScore } from './kudos/score.ts';
import { pulseScore } from './pulse/score.ts';
import { type Measure, numberOf, type ScoreRow, type ScoreSpec } from './measure.ts';
import { type Span, timeParams } from './span.ts';

/** How each lens is scored. */
export const scoreSpecs: Readonly<Record<Lens, ScoreSpec>> = {
  flow: flowScore,
  clout: cloutScore,
  kudos: kudosScore,
  pulse: pulseScore,
};

const queriesOf = (lens: Lens): Query<Record<string, unknown>, ScoreRow>[] =>
  scoreSpecs[lens].statements.map((sql) => defineQuery({ name: `score_${lens}`, sql }));

const queries: Readonly<Record<Lens, readonly Query<Record<string, unknown>, ScoreRow>[]>> = {
  flow: queriesOf('flow'),
  clout: queriesOf('clout'),
  kudos: queriesOf('kudos'),
  pulse: queriesOf('pulse'),
};

/** Accounts by their ids, both ends included: one account has the same twice. */
export interface IdRange {
  readonly lo: bigint;
  readonly hi: bigint;
}

const dayMs = 86_400_000;

/**
 * What accounts measure in the span and in the `windowsMeasured - 1` windows before it: by account id, one place a window
 * (0: the span), undefined where the account did not post in it.
 */
export const measureAccounts = async (
  store: ClickHouse,
  lens: Lens,
  { ids, span, windowsMeasured }: { ids: IdRange; span: Span; windowsMeasured: number },
  signal?: AbortSignal,
): Promise<Map<bigint, (Measure | undefined)[]>> => {
  const spec = scoreSpecs[lens];
  const params = { ...ids, ...timeParams(span, windowsMeasured - 1 + spec.windowsBack) };
  const answers = await Promise.all(queries[lens].map((query) => store.query(query, params, { signal })));
  const byAccount = new Map<bigint, ScoreRow[]>();
  for (const row of answers.flat()) {
    const id = BigInt(row.actor_id);
    const known = byAccount.get(id) ?? [];
    known[row.age] = { ...known[row.age], ...row };
    byAccount.set(id, known);
  }
  const measures = new Map<bigint, (Measure | undefined)[]>();
  for (const [id, found] of byAccount) {
    measures.set(
      id,
      Array.from({ length: windowsMeasured }, (_, age) => {
        const row = found[age];
        if (row === undefined || numberOf(row.posts) === 0) return undefined;
        return spec.measure(row, found[age + 1], span.lengthMs / dayMs);
      }),
    );
  }
  return measures;
};
