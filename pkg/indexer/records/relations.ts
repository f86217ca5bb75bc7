import { collections } from '#pkg/atproto/collections.ts';
import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { isDid } from '#pkg/atproto/syntax.ts';
import { readRef } from './post.ts';
import { asText } from './read.ts';
import { drop, ok, type RecordModule } from './types.ts';

const toRecord = (name: 'like' | 'repost', collection: string): RecordModule => ({
  collection,
  name,
  hasEdges: true,
  table: undefined,
  parse: (record) => {
    const subject = readRef(record['subject']);
    if (subject === undefined) return drop('bad_subject');
    return ok({ table: 'edges', kind: name, subjectDid: subject.did, record: subject });
  },
});

const toAccount = (name: 'follow' | 'block', collection: string): RecordModule => ({
  collection,
  name,
  hasEdges: true,
  table: undefined,
  parse: (record) => {
    const subject = asText(record['subject']);
    if (subject === undefined || !isDid(subject)) return drop('bad_subject');
    return ok({ table: 'edges', kind: name, subjectDid: subject });
  },
});

/** app.bsky.feed.like: one edge to the record liked (a post, or a feed generator or labeler). */
export const like = toRecord('like', collections.like);
/** app.bsky.feed.repost. */
export const repost = toRecord('repost', collections.repost);
/** app.bsky.graph.follow. */
export const follow = toAccount('follow', collections.follow);
/** app.bsky.graph.block. */
export const block = toAccount('block', collections.block);

/** app.bsky.graph.listitem: an account's place in a list. */
export const listItem: RecordModule = {
  collection: collections.listItem,
  name: 'listItem',
  hasEdges: false,
  table: 'list_items',
  parse: (record) => {
    const list = parseAtUri(asText(record['list']) ?? '');
    const subject = asText(record['subject']);
    if (list === undefined || subject === undefined || !isDid(subject)) return drop('bad_subject');
    return ok({ table: 'list_items', list, subjectDid: subject });
  },
};
