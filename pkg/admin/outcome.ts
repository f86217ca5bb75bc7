import { z } from 'zod';
import { UserError } from '#pkg/runtime/errors.ts';

/** Why an order was not carried out, for the person who gave it. */
const refusal = z.object({ ok: z.literal(false), message: z.string(), hint: z.string() });

/** What became of an order. */
export type Outcome<T> = { readonly ok: true; readonly answer: T } | z.infer<typeof refusal>;

/** Reads the outcome of an order that is answered like this. */
export const outcomeOf = <T>(answer: z.ZodType<T>): z.ZodType<Outcome<T>> =>
  z.union([z.object({ ok: z.literal(true), answer }), refusal]);

/** Carries an order out: what the person can do something about is an outcome, all else is thrown. */
export const carriedOut = async <T>(work: () => Promise<T>): Promise<Outcome<T>> => {
  try {
    return { ok: true, answer: await work() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ok: false, message: error.message, hint: error.hint };
  }
};
