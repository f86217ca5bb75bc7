import { isDid, isNsid, isRecordKey } from './syntax.ts';

/** A reference to one record: `at://<did>/<collection>/<rkey>`. */
export interface AtUri {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
}

const scheme = 'at://';
const maxLength = 8192;

/**
 * Reads a record's at-uri. Undefined for anything else: handles as authority, a missing rkey, queries and fragments.
 * Records refer to records by DID only, so a handle here is a broken client's reference that nothing can count.
 */
export const parseAtUri = (text: string): AtUri | undefined => {
  if (!text.startsWith(scheme) || text.length > maxLength) return undefined;
  const afterDid = text.indexOf('/', scheme.length);
  if (afterDid === -1) return undefined;
  const afterCollection = text.indexOf('/', afterDid + 1);
  if (afterCollection === -1) return undefined;
  const did = text.slice(scheme.length, afterDid);
  const collection = text.slice(afterDid + 1, afterCollection);
  const rkey = text.slice(afterCollection + 1);
  if (!isRecordKey(rkey) || !isDid(did)) return undefined;
  // The collections of nearly all references, without the pattern.
  if (collection !== 'app.bsky.feed.post' && !isNsid(collection)) return undefined;
  return { did, collection, rkey };
};
