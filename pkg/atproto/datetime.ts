/** Date, time to the minute at least, any fraction, perhaps a zone. V8's own parser takes far more than dates. */
const pattern = /^(\d{4})-(\d{2})-(\d{2})[tT ](\d{2}):\d{2}(?::\d{2}(?:\.\d+)?)?([zZ]|[+-]\d{2}:?\d{2})?$/;
/** What a DateTime64(3) column holds without wrapping. */
const minMs = Date.UTC(1970, 0, 1);
const maxMs = Date.UTC(2200, 0, 1);

/**
 * Milliseconds since 1970 of a record's `createdAt`, read generously: fractions of any length, a missing zone (taken as
 * UTC, never as this machine's zone). Undefined for what is no date, or lies outside the years 1970 to 2200.
 */
export const parseDatetimeMs = (text: string): number | undefined => {
  const parts = text.length > 64 ? null : pattern.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, zone] = parts;
  // `Date` turns 31 February into 2 March and takes 24:00.
  if (Number(hour) > 23 || Number(day) > daysIn(Number(year), Number(month))) return undefined;
  const ms = Date.parse(zone === undefined ? `${text}Z` : text);
  return ms >= minMs && ms < maxMs ? ms : undefined;
};

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

const fractionPattern = /\.(\d{1,6})/;

/** Microseconds since 1970 of a datetime, with the digits beyond milliseconds that `Date` would lose. */
export const parseDatetimeUs = (text: string): number | undefined => {
  const ms = parseDatetimeMs(text);
  if (ms === undefined) return undefined;
  const fraction = fractionPattern.exec(text)?.[1] ?? '';
  return Math.floor(ms / 1000) * 1_000_000 + Number(fraction.padEnd(6, '0'));
};
