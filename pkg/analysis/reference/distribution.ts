import { z } from 'zod';

/** How values are spread over accounts: the distinct values, ascending, and how many accounts are below each. */
export const distribution = z.object({ values: z.array(z.number()), below: z.array(z.number()), accounts: z.number() });
export type Distribution = z.infer<typeof distribution>;

/** The distribution of these values, one an account. */
export const distributionOf = (all: readonly number[]): Distribution => {
  const sorted = Float64Array.from(all).sort();
  const values: number[] = [];
  const below: number[] = [];
  for (const [at, value] of sorted.entries()) {
    if (values.at(-1) === value) continue;
    values.push(value);
    below.push(at);
  }
  return { values, below, accounts: sorted.length };
};

/** How many accounts have strictly less than `value`. */
export const countBelow = ({ values, below, accounts }: Distribution, value: number): number => {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low < below.length ? (below[low] ?? accounts) : accounts;
};
