import type { Random } from './random.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const SORTABLE = '234567abcdefghijklmnopqrstuvwxyz';
/** A SHA-256 CID leaves two spare bits at its end, so only every fourth letter can stand there. */
const CID_LAST = 'aeimquy4';

const pairsOf = (alphabet: string): string[] =>
  Array.from({ length: 1024 }, (_, value) => `${alphabet[value >>> 5]}${alphabet[value & 31]}`);
const BASE32_PAIRS = pairsOf(BASE32);
const SORTABLE_PAIRS = pairsOf(SORTABLE);

/** Letters of a TID that hold its time; the two after them hold the clock id. */
export const TID_TIME_LETTERS = 11;

/** Writes microseconds since 1970 as the eleven letters a TID begins with. */
export const tidTime = (timeUs: number): string => {
  const high = Math.floor(timeUs / 0x4000_0000);
  const low = timeUs % 0x4000_0000;
  return (
    (SORTABLE[Math.floor(high / 0x10_0000)] as string) +
    (SORTABLE_PAIRS[(high >>> 10) & 1023] as string) +
    (SORTABLE_PAIRS[high & 1023] as string) +
    (SORTABLE_PAIRS[low >>> 20] as string) +
    (SORTABLE_PAIRS[(low >>> 10) & 1023] as string) +
    (SORTABLE_PAIRS[low & 1023] as string)
  );
};

/** A TID from microseconds since 1970 (below 2^53) and a clock id from 0 to 1023: 13 letters that sort by time. */
export const makeTid = (timeUs: number, clockId: number): string =>
  tidTime(timeUs) + (SORTABLE_PAIRS[clockId & 1023] as string);

/** The microseconds a TID stands for; NaN where a letter is not one of the TID alphabet. */
export const tidTimeUs = (tid: string): number => {
  let value = 0;
  for (let index = 0; index < TID_TIME_LETTERS; index += 1) {
    const digit = SORTABLE.indexOf(tid.charAt(index));
    if (digit < 0 || tid.length !== 13) return Number.NaN;
    value = value * 32 + digit;
  }
  return value;
};

const base32 = (random: Random, letters: number): string => {
  let text = '';
  for (let left = letters; left > 0; left -= 6) {
    const bits = random.bits();
    text +=
      (BASE32_PAIRS[bits & 1023] as string) +
      (BASE32_PAIRS[(bits >>> 10) & 1023] as string) +
      (BASE32_PAIRS[(bits >>> 20) & 1023] as string);
  }
  return text.length === letters ? text : text.slice(0, letters);
};

const hashLetters = (random: Random): string => {
  const ends = random.bits();
  return (BASE32[ends & 7] as string) + base32(random, 50) + (CID_LAST[(ends >>> 3) & 7] as string);
};

/** A well formed CID of a record (CIDv1, DAG-CBOR, SHA-256, 59 letters). It is the hash of nothing. */
export const makeRecordCid = (random: Random): string => `bafyrei${hashLetters(random)}`;

/** A well formed CID of a blob (CIDv1, raw bytes, SHA-256, 59 letters). */
export const makeBlobCid = (random: Random): string => `bafkrei${hashLetters(random)}`;

/** A well formed `did:plc` of 32 letters. */
export const makePlcDid = (random: Random): string => `did:plc:${base32(random, 24)}`;
