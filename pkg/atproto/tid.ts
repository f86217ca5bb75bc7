/**
 * Timestamp identifiers (TIDs): 13 characters of base32-sortable text that hold a 64-bit integer whose top bit is 0,
 * then 53 bits of microseconds since 1970 and 10 bits of clock id. Text order equals integer order.
 * Source: atproto.com/specs/tid.
 */
const alphabet = '234567abcdefghijklmnopqrstuvwxyz';
const invalid = 255;

const digitOf = new Uint8Array(128).fill(invalid);
for (let digit = 0; digit < alphabet.length; digit += 1) digitOf[alphabet.charCodeAt(digit)] = digit;

// One scratch cell turns two 32-bit halves into a bigint with a single allocation: this runs several times an event.
const halves = new Uint32Array(2);
const whole = new BigUint64Array(halves.buffer);

const digitAt = (text: string, index: number): number => digitOf[text.charCodeAt(index)] ?? invalid;

/** The 64-bit value of a TID, or undefined when `text` is not one. */
export const parseTid = (text: string): bigint | undefined => {
  if (text.length !== 13) return undefined;
  const d0 = digitAt(text, 0);
  if (d0 > 15) return undefined;
  let seen = 0;
  let high = d0;
  for (let index = 1; index < 6; index += 1) {
    const digit = digitAt(text, index);
    seen |= digit;
    high = (high << 5) | digit;
  }
  const middle = digitAt(text, 6);
  seen |= middle;
  let low = middle & 3;
  for (let index = 7; index < 13; index += 1) {
    const digit = digitAt(text, index);
    seen |= digit;
    low = (low << 5) | digit;
  }
  if (seen > 31) return undefined;
  halves[0] = low;
  halves[1] = (high << 3) | (middle >> 2);
  return whole[0];
};

/** The text of a TID's 64-bit value. */
export const formatTid = (value: bigint): string => {
  let text = '';
  for (let shift = 60n; shift >= 0n; shift -= 5n) text += alphabet[Number((value >> shift) & 31n)];
  return text;
};

/** Microseconds since 1970 held in a TID's value (exact: 53 bits fit a number). */
export const tidTimeUs = (value: bigint): number => {
  whole[0] = value;
  return (halves[1] as number) * 0x40_0000 + ((halves[0] as number) >>> 10);
};

/** The TID value of a moment and a clock id (0..1023). */
export const tidAt = (timeUs: number, clockId = 0): bigint => (BigInt(timeUs) << 10n) | BigInt(clockId & 1023);
