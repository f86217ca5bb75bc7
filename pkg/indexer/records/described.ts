import { collections } from '#pkg/atproto/collections.ts';
import { isDid } from '#pkg/atproto/syntax.ts';
import { readCreatedAt, readLabels } from './post.ts';
import { asText } from './read.ts';
import { drop, ok, type RecordModule } from './types.ts';

/** app.bsky.actor.profile: any object under the key `self`. */
export const profile: RecordModule = {
  collection: collections.profile,
  name: 'profile',
  hasEdges: false,
  table: 'profiles',
  onlyRkey: 'self',
  parse: (record) =>
    ok({
      table: 'profiles',
      displayName: asText(record['displayName']) ?? '',
      description: asText(record['description']) ?? '',
      labels: readLabels(record),
      createdAtMs: readCreatedAt(record),
    }),
};

/** app.bsky.graph.list: a curated or moderation list. */
export const list: RecordModule = {
  collection: collections.list,
  name: 'list',
  hasEdges: false,
  table: 'lists',
  parse: (record) => {
    const name = asText(record['name']);
    const purpose = asText(record['purpose']);
    if (name === undefined || purpose === undefined) return drop('bad_record');
    return ok({
      table: 'lists',
      name,
      purpose,
      description: asText(record['description']) ?? '',
      createdAtMs: readCreatedAt(record),
    });
  },
};

/** app.bsky.feed.generator: a feed that somebody publishes. */
export const generator: RecordModule = {
  collection: collections.generator,
  name: 'generator',
  hasEdges: false,
  table: 'feed_generators',
  parse: (record) => {
    const serviceDid = asText(record['did']);
    const displayName = asText(record['displayName']);
    if (serviceDid === undefined || !isDid(serviceDid) || displayName === undefined) return drop('bad_record');
    return ok({
      table: 'feed_generators',
      serviceDid,
      displayName,
      description: asText(record['description']) ?? '',
      createdAtMs: readCreatedAt(record),
    });
  },
};
