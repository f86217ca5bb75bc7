/** A day in milliseconds. */
export const dayMs = 86_400_000;

/** A time as the API writes it. */
export const isoOf = (ms: number): string => new Date(ms).toISOString();

/** Rounds to so many decimals, halves up. */
export const roundTo = (value: number, decimals: number): number => Math.round(value * 10 ** decimals) / 10 ** decimals;

/** `numerator / denominator` to the nearest whole, halves away from zero, without a fraction in between. */
export const nearest = (numerator: number, denominator: number): number => {
  const whole = Math.floor((2 * Math.abs(numerator) + denominator) / (2 * denominator));
  // No minus zero: it would be another value than zero.
  return numerator < 0 && whole > 0 ? -whole : whole;
};

/** Several orders as one: the first that tells two apart decides. */
export const byFirst =
  <Item>(...orders: ((one: Item, other: Item) => number)[]) =>
  (one: Item, other: Item): number => {
    for (const order of orders) {
      const difference = order(one, other);
      if (difference !== 0) return difference;
    }
    return 0;
  };
