import { hash } from 'node:crypto';
import { collections } from '#pkg/atproto/collections.ts';
import { parseTid } from '#pkg/atproto/tid.ts';

/**
 * The integers that stand for accounts and records in every table.
 *
 * - An account's id is 64 bits of SHA-256 over this installation's salt and the DID. Without the salt anyone could
 *   search for a did:web whose id equals some existing account's (2^39 tries among 40 million), and then hide that
 *   account by deactivating their own. The salt never leaves the installation.
 * - A record's key is its TID as an integer (top bit 0), which orders by time. Any other record key is a salted hash
 *   with the top bit set; its text is kept in `odd_keys`.
 */
export interface Keys {
  /** The id of a DID. */
  actorId(did: string): bigint;
  /** The key of a record; `odd` tells that it is a hash whose text must be kept. */
  recordKey(collection: string, rkey: string): RecordKey;
  /** The key of a record that something points at: only posts have their TID bare, or a like could count for the post of equal TID. */
  subjectKey(collection: string, rkey: string): RecordKey;
}

export interface RecordKey {
  readonly key: bigint;
  readonly odd: boolean;
}

const topBit = 1n << 63n;

/** The keys of the installation that owns `salt` (any text; see the `installation` table). */
export const createKeys = (salt: string): Keys => {
  const digest = (text: string): bigint => hash('sha256', salt + text, 'buffer').readBigUInt64LE(0);
  const keyOf = (collection: string, rkey: string, byTid: boolean): RecordKey => {
    const tid = byTid ? parseTid(rkey) : undefined;
    return tid === undefined ? { key: digest(`${collection}/${rkey}`) | topBit, odd: true } : { key: tid, odd: false };
  };
  return {
    actorId: digest,
    recordKey: (collection, rkey) => keyOf(collection, rkey, hasTidKeys.has(collection)),
    subjectKey: (collection, rkey) => keyOf(collection, rkey, collection === collections.post),
  };
};

/** Collections whose records stand in tables of their own, so that a bare TID can be taken for no other's. */
const hasTidKeys: ReadonlySet<string> = new Set([
  collections.post,
  collections.like,
  collections.repost,
  collections.follow,
  collections.block,
  collections.listItem,
]);

/** Whether a record key stands for itself as a TID. */
export const isTidKey = (key: bigint): boolean => key < topBit;
