/** `numerator / denominator` to the nearest whole number, halves away from zero: of whole numbers, so exact. */
export const nearest = (numerator: number, denominator: number): number => {
  const whole = Math.floor((2 * Math.abs(numerator) + denominator) / (2 * denominator));
  return numerator < 0 && whole > 0 ? -whole : whole;
};

/** To two decimals. */
export const hundredths = (value: number): number => Math.round(value * 100) / 100;
