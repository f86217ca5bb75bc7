import { z } from 'zod';
import { AUDIENCES, lensAnswer, LENSES, TIME_WINDOWS } from '#pkg/contracts/lens.ts';

/** What `POST /sql` takes. The answer is the output in ClickHouse's own format, or a `SqlProblem`. */
export const sqlRequest = z.object({
  query: z.string().min(1),
  format: z.string().regex(/^[A-Za-z0-9]+$/),
  /** Whether the statement may change data. */
  write: z.boolean(),
});

export type SqlRequest = z.infer<typeof sqlRequest>;

/** Why a statement was not carried out: ClickHouse's own words and code, where it said any. */
export const sqlProblem = z.object({ message: z.string(), code: z.number().nullable() });

export type SqlProblem = z.infer<typeof sqlProblem>;

/** What became of a statement. */
export type SqlOutcome =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly problem: SqlProblem };

/** What `POST /analyze` takes. */
export const analyzeRequest = z.object({
  /** A handle or a DID. */
  account: z.string().max(2048),
  lenses: z.array(z.enum(LENSES)).min(1).max(LENSES.length),
  window: z.enum(TIME_WINDOWS),
  audience: z.enum(AUDIENCES),
});

export type AnalyzeRequest = z.infer<typeof analyzeRequest>;

/** What became of it: an answer a lens, in the order they were asked, or why the account cannot be told. */
export const analyzeOutcome = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), answers: z.array(lensAnswer) }),
  z.object({ ok: z.literal(false), message: z.string(), hint: z.string() }),
]);

export type AnalyzeOutcome = z.infer<typeof analyzeOutcome>;
