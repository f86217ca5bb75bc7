/** The protocol's identifiers and times, read slowly and plainly: nothing here is shared with what it judges. */

const maxDidChars = 2048;
const maxNsidChars = 317;
const maxLabelChars = 63;
const maxRecordKeyChars = 512;

/** `did:method:rest`, both of the network's methods and any later one. */
export const isDid = (text: unknown): text is string => {
  if (typeof text !== 'string' || text.length > maxDidChars) return false;
  if (!/^did:[a-z]+:[a-zA-Z0-9._:%-]+$/.test(text)) return false;
  return !text.endsWith(':') && !text.endsWith('%');
};

/** A reversed domain of two labels or more and a name of letters and digits: `app.bsky.feed.post`. */
export const isNsid = (text: unknown): text is string => {
  if (typeof text !== 'string' || text.length > maxNsidChars) return false;
  const labels = text.split('.');
  const name = labels.pop() ?? '';
  if (labels.length < 2) return false;
  if (name.length > maxLabelChars || !/^[a-zA-Z][a-zA-Z0-9]*$/.test(name)) return false;
  return labels.every((label, index) => {
    if (label.length > maxLabelChars || !/^[a-zA-Z0-9-]+$/.test(label)) return false;
    if (label.startsWith('-') || label.endsWith('-')) return false;
    return index > 0 || /^[a-zA-Z]/.test(label);
  });
};

/** The last part of a record's uri. */
export const isRecordKey = (text: unknown): text is string =>
  typeof text === 'string' &&
  text.length >= 1 &&
  text.length <= maxRecordKeyChars &&
  text !== '.' &&
  text !== '..' &&
  /^[A-Za-z0-9_~.:-]+$/.test(text);

const tidDigits = '234567abcdefghijklmnopqrstuvwxyz';

/** Thirteen base32 digits, the first below 16 because the number has 63 bits. */
export const isTid = (text: unknown): text is string => {
  if (typeof text !== 'string' || text.length !== 13) return false;
  if (!Array.from(text).every((digit) => tidDigits.includes(digit))) return false;
  return tidDigits.indexOf(text.charAt(0)) < 16;
};

/** The time in a TID, in microseconds since 1970: its number without the ten bits of the clock's id. */
export const tidTimeUs = (tid: string): number => {
  let number = 0n;
  for (const digit of tid) number = number * 32n + BigInt(tidDigits.indexOf(digit));
  return Number(number / 1024n);
};

/** The DID in `at://did/collection/rkey`; undefined for a text of any other shape, fragments and handles included. */
export const ownerOfUri = (text: unknown): string | undefined => {
  if (typeof text !== 'string') return undefined;
  const parts = text.split('/');
  const [scheme, nothing, did, collection, rkey] = parts;
  if (parts.length !== 5 || scheme !== 'at:' || nothing !== '') return undefined;
  return isDid(did) && isNsid(collection) && isRecordKey(rkey) ? did : undefined;
};

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const daysInMonth = (year: number, month: number): number => {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
};

const daysSince1970 = (year: number, month: number, day: number): number => {
  let days = 0;
  for (let past = 1970; past < year; past += 1) days += isLeap(past) ? 366 : 365;
  for (let past = 1; past < month; past += 1) days += daysInMonth(year, past);
  return days + day - 1;
};

/** `date T time [.fraction] [zone]`; the date and time parts by position, as no part has a variable length. */
const dateTime =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2}))?$/;

/**
 * Microseconds since 1970 of a datetime, further digits cut off; without a zone it is UTC.
 * Undefined for what is no date of the calendar and for years before 1970 or after 2199, which no column holds.
 */
export const readTimeUs = (text: unknown): number | undefined => {
  if (typeof text !== 'string' || text.length > 64) return undefined;
  const found = dateTime.exec(text);
  if (found === null) return undefined;
  const part = (index: number): number => Number(found[index] ?? '0');
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return undefined;
  if (year < 1969 || year > 2200) return undefined;
  const fractionUs = Number((found[7] ?? '').slice(0, 6).padEnd(6, '0'));
  const zoneMinutes = (found[8] === '-' ? -1 : 1) * (part(9) * 60 + part(10));
  // A local time on the last day of 1969 may be a moment of 1970, behind Greenwich.
  const days = year < 1970 ? daysSince1970(1970, month, day) - 365 : daysSince1970(year, month, day);
  const minutes = days * 1440 + hour * 60 + minute - zoneMinutes;
  const timeUs = (minutes * 60 + second) * 1_000_000 + fractionUs;
  const endUs = daysSince1970(2200, 1, 1) * 86_400_000_000;
  return timeUs >= 0 && timeUs < endUs ? timeUs : undefined;
};

/** The UTC day of a time, `YYYY-MM-DD`. */
export const dayOf = (timeUs: number): string => new Date(Math.floor(timeUs / 1000)).toISOString().slice(0, 10);
