import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import type { RankedPost, Ranking } from '../feed.ts';

/** A stretch of a ranking. */
export interface Page {
  readonly posts: readonly RankedPost[];
  /** Where the next page starts; undefined: nothing to be shown comes after this. */
  readonly next: number | undefined;
}

/**
 * Takes up to `limit` posts from position `from` on, passing over those that are not shown. There is a next page only if some
 * post would be on it now, so a page without posts is always the last: clients take it for that.
 */
export function cutPage(ranking: Ranking, from: number, limit: number, isShown: (post: RankedPost) => boolean): Page {
  const posts: RankedPost[] = [];
  let end = from;
  for (let position = from; position < ranking.posts.length; position += 1) {
    const post = ranking.posts[position];
    if (post === undefined || !isShown(post)) continue;
    if (posts.length === limit) return { posts, next: end };
    posts.push(post);
    end = position + 1;
  }
  return { posts, next: undefined };
}

/** Lexicon: counted in bytes. A page with one item too long would be refused as a whole. */
const MAX_CONTEXT_BYTES = 2_000;

/**
 * A page as JSON without its opening: what follows the cursor. The same for everybody who is shown this page.
 * @param from position of the page, told to clients with the ranking's id, so that what they say about a post leads back here
 */
export function writePage(posts: readonly RankedPost[], ranking: Ranking, from: number): string {
  let items = '';
  for (const post of posts) items += items === '' ? writeItem(post) : `,${writeItem(post)}`;
  return `"feed":[${items}],"reqId":"${ranking.id}.${from}"}`;
}

/** A whole answer. */
export const withCursor = (page: string, cursor: string | undefined): string =>
  cursor === undefined ? `{${page}` : `{"cursor":"${cursor}",${page}`;

/** What those are shown for whom there is nothing. */
export const EMPTY_PAGE = '{"feed":[]}';

function writeItem({ uri, reason, context }: RankedPost): string {
  let item = `{"post":${JSON.stringify(uri)}`;
  if (reason?.kind === 'pin') item += ',"reason":{"$type":"app.bsky.feed.defs#skeletonReasonPin"}';
  // It came from a feed's statement: one that is no at-uri would spoil the whole page.
  if (reason?.kind === 'repost' && parseAtUri(reason.uri) !== undefined) {
    item += `,"reason":{"$type":"app.bsky.feed.defs#skeletonReasonRepost","repost":${JSON.stringify(reason.uri)}}`;
  }
  if (context !== undefined && context !== '' && Buffer.byteLength(context) <= MAX_CONTEXT_BYTES) {
    item += `,"feedContext":${JSON.stringify(context)}`;
  }
  return `${item}}`;
}
