import type { Feed, RankedPost, Ranking, Viewer } from '../feed.ts';
import type { Hidden, Taste } from '../parts.ts';
import type { Cursors } from './cursor.ts';
import { isReadable } from './languages.ts';
import { cutPage, withCursor, writePage } from './page.ts';
import type { PageCache, WrittenPage } from './page-cache.ts';

/** A page to be written. */
export interface PageAsk {
  /** The feed that was asked for: its name is in the cursor. */
  readonly feed: Feed;
  /** The feed whose ranking it is. */
  readonly source: Feed;
  readonly ranking: Ranking;
  readonly from: number;
  readonly limit: number;
  readonly viewer: Viewer | undefined;
  readonly taste: Taste | undefined;
  /** Empty: all. */
  readonly langs: readonly string[];
}

/** An answer, ready to be sent. */
export interface ReadyPage {
  readonly body: string;
  /** Undefined on the last page. */
  readonly next: number | undefined;
  readonly posts: number;
}

/** Makes answers of rankings. */
export interface PageWriter {
  page(ask: PageAsk): ReadyPage;
}

export interface PageWriterParts {
  readonly hidden: Pick<Hidden, 'why'>;
  readonly cursors: Cursors;
  readonly pages: PageCache;
  /** Told of each page that was not held ready. */
  readonly onWrite: () => void;
}

/** Pages of those who told us nothing about posts are the same for all, but for the cursor: they are held ready. */
export function createPageWriter({ hidden, cursors, pages, onWrite }: PageWriterParts): PageWriter {
  const write = ({ source, ranking, from, limit, taste, langs }: PageAsk): WrittenPage => {
    onWrite();
    const wanted = source.languages === 'viewer' ? langs : [];
    const isShown = (post: RankedPost) =>
      hidden.why(post, ranking.rankedAtMs) === undefined &&
      isReadable(post.langs, wanted) &&
      (taste === undefined || isLiked(post, taste));
    const { posts, next } = cutPage(ranking, from, limit, isShown);
    return { text: writePage(posts, ranking, from), next, posts: posts.length, anonymous: undefined };
  };
  const written = (ask: PageAsk): WrittenPage => {
    if (ask.taste !== undefined) return write(ask);
    const { feed, source, ranking, from, limit, langs } = ask;
    const wanted = source.languages === 'viewer' ? langs.join(',') : '';
    const key = `${feed.rkey} ${ranking.id} ${from} ${limit} ${wanted}`;
    const held = pages.get(key);
    if (held !== undefined) return held;
    const page = write(ask);
    pages.set(key, page);
    return page;
  };
  return {
    page(ask) {
      const page = written(ask);
      const { feed, ranking, viewer } = ask;
      const { text, next, posts } = page;
      if (viewer === undefined && page.anonymous !== undefined) return { body: page.anonymous, next, posts };
      const scope = { rkey: feed.rkey, did: viewer?.did };
      const cursor = next === undefined ? undefined : cursors.write({ rankingId: ranking.id, position: next }, scope);
      const body = withCursor(text, cursor);
      if (viewer === undefined) page.anonymous = body;
      return { body, next, posts };
    },
  };
}

/** Whether the viewer did not ask to see less of the post, or nothing of its author. */
const isLiked = ({ actorId, tid }: RankedPost, { less, authors }: Taste): boolean =>
  (less.size === 0 || !less.has(`${actorId}:${tid}`)) && (authors.size === 0 || authors.get(actorId) !== 0);
