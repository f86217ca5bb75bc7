import { z } from 'zod';

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
