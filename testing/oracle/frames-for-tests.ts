/** Wire frames for tests of the oracle, with a revision made from a small number. */

/** Any DID from a short name. */
export const didOf = (name: string): string => `did:plc:${name}`;

/** A TID whose order is that of the number. */
export const tidOf = (number: number): string => {
  const digits = '234567abcdefghijklmnopqrstuvwxyz';
  let text = '';
  let rest = number;
  for (let place = 0; place < 8; place += 1) {
    text = digits.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return `3laua${text}`;
};

/** The uri of a record. */
export const uriOf = (name: string, collection: string, rkey: string): string =>
  `at://${didOf(name)}/${collection}/${rkey}`;

export interface CommitParts {
  name: string;
  rev: number;
  collection: string;
  rkey: string;
  /** A delete without one. */
  record?: unknown;
  operation?: string;
}

/** A commit frame: a create where there is a record, else a delete, unless told otherwise. */
export const commit = ({ name, rev, collection, rkey, record, operation }: CommitParts): string =>
  JSON.stringify({
    did: didOf(name),
    time_us: 1_731_600_000_000_000 + rev,
    kind: 'commit',
    commit: {
      rev: tidOf(rev),
      operation: operation ?? (record === undefined ? 'delete' : 'create'),
      collection,
      rkey,
      ...(record === undefined ? {} : { record, cid: 'bafyreib' }),
    },
  });

/** An account or identity frame. */
export const event = (kind: 'account' | 'identity', name: string, timeUs: number, body: object): string =>
  JSON.stringify({ did: didOf(name), time_us: timeUs, kind, [kind]: { did: didOf(name), seq: 1, ...body } });

/** The collections by short names. */
export const nsid = {
  post: 'app.bsky.feed.post',
  like: 'app.bsky.feed.like',
  repost: 'app.bsky.feed.repost',
  generator: 'app.bsky.feed.generator',
  follow: 'app.bsky.graph.follow',
  block: 'app.bsky.graph.block',
  list: 'app.bsky.graph.list',
  listitem: 'app.bsky.graph.listitem',
  profile: 'app.bsky.actor.profile',
} as const;
