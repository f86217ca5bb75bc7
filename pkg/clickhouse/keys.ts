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
  recordKey(collection: string, rkey: string): { readonly key: bigint; readonly odd: boolean };
}

const topBit = 1n << 63n;

/** The keys of the installation that owns `salt` (any text; see the `installation` table). */
export const createKeys = (salt: string): Keys => {
  const digest = (text: string): bigint => hash('sha256', salt + text, 'buffer').readBigUInt64LE(0);
  return {
    actorId: digest,
    recordKey: (collection, rkey) => {
      // A like of a feed generator must never count for the post that happens to have the same record key, so only
      // the collections with a table of their own by TID use it bare.
      const tid = hasTidKeys.has(collection) ? parseTid(rkey) : undefined;
      return tid === undefined ? { key: digest(`${collection}/${rkey}`) | topBit, odd: true } : { key: tid, odd: false };
    },
  };
};

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
