import { z } from 'zod';

/** Why an order was not carried out, for the person who gave it. */
const refusal = z.object({ ok: z.literal(false), message: z.string(), hint: z.string() });

/** What became of an order. */
export type Outcome<T> = { readonly ok: true; readonly answer: T } | z.infer<typeof refusal>;

/** Reads the outcome of an order that is answered like this. */
export const outcomeOf = <T>(answer: z.ZodType<T>): z.ZodType<Outcome<T>> =>
  z.union([z.object({ ok: z.literal(true), answer }), refusal]);
