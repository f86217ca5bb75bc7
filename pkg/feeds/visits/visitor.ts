import { createHmac, hash } from 'node:crypto';
import type { Day } from './day.ts';

/**
 * Who somebody is on one day, as 64 bits: equal for the same account on that day, another number on every other day, and
 * nobody's name for whoever lacks the installation's salt. 0 stands for those who are not signed in.
 */
export const createVisitorIds = (salt: string): ((day: Day, did: string) => bigint) => {
  /** The key of the day in use: visits are counted day by day. */
  let current: { readonly day: Day; readonly key: string } | undefined;
  return (day, did) => {
    if (did === '') return 0n;
    if (current?.day !== day) {
      current = { day, key: createHmac('sha256', salt).update(`feed visits of ${day}`).digest('hex') };
    }
    const id = hash('sha256', current.key + did, 'buffer').readBigUInt64LE(0);
    return id === 0n ? 1n : id;
  };
};
