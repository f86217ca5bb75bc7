import type { Keys } from '#pkg/clickhouse/keys.ts';
import type { Oracle } from '#testing/oracle/oracle.ts';

/** Turns the integers of the tables back into the network's names. */
export interface Names {
  /** The DID behind an id; `?<id>` for one that the oracle never heard of. */
  did(id: string): string;
  /** The at-uri behind a record's two integers; `at://<did>/?<key>` for an unknown one. Two zeros: null. */
  uri(collection: string, id: string, key: string): string | null;
  /** The at-uri of a record of any collection that something points at. */
  subject(id: string, key: string): string | null;
}

interface Uri {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
}

const split = (uri: string): Uri => {
  const [did = '', collection = '', rkey = ''] = uri.slice('at://'.length).split('/');
  return { did, collection, rkey };
};

/** Every record the oracle's answers speak of: live ones, and those they point at. */
const urisOf = (oracle: Oracle): Set<string> => {
  const uris = new Set<string>([...oracle.revisions().keys(), ...oracle.engagement().keys()]);
  for (const post of oracle.posts().values()) {
    for (const uri of [post.replyParent, post.replyRoot, post.quote]) if (uri !== null) uris.add(uri);
  }
  for (const item of oracle.listItems().values()) uris.add(item.list);
  return uris;
};

const didsOf = (oracle: Oracle): Set<string> => {
  const dids = new Set([...oracle.authors(), ...oracle.subjects()]);
  for (const post of oracle.posts().values()) for (const did of post.mentions) dids.add(did);
  return dids;
};

/** The names that the oracle knows, by the ids that this installation gives them. */
export const namesOf = (oracle: Oracle, keys: Keys): Names => {
  const dids = new Map([...didsOf(oracle)].map((did) => [String(keys.actorId(did)), did]));
  const records = new Map<string, string>();
  const subjects = new Map<string, string>();
  for (const uri of urisOf(oracle)) {
    const { did, collection, rkey } = split(uri);
    const id = keys.actorId(did);
    records.set(`${collection}/${id}/${keys.recordKey(collection, rkey).key}`, uri);
    subjects.set(`${id}/${keys.subjectKey(collection, rkey).key}`, uri);
  }
  const nameOf = (id: string): string => dids.get(id) ?? `?${id}`;
  const unknown = (id: string, key: string): string | null =>
    id === '0' && key === '0' ? null : `at://${nameOf(id)}/?${key}`;
  return {
    did: nameOf,
    uri: (collection, id, key) => records.get(`${collection}/${id}/${key}`) ?? unknown(id, key),
    subject: (id, key) => subjects.get(`${id}/${key}`) ?? unknown(id, key),
  };
};
