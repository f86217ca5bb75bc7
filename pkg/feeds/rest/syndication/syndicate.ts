import { createHash } from 'node:crypto';
import type { Feed } from '../../feed.ts';
import type { FeedRestContext } from '../context.ts';
import { publicFormOf } from '../explain.ts';
import { readPosts } from './texts.ts';
import { type Format, FORMATS, writeFeed } from './write.ts';

/** A document as it was made, and since when it says this. */
export interface Document {
  readonly text: string;
  readonly etag: string;
  readonly sinceMs: number;
}

const KEPT_MS = 5_000;
const MOST_POSTS = 50;

/** Reads `whats-hot.rss`. Undefined for anything else. */
export function readFileName(file: string): { readonly rkey: string; readonly format: Format } | undefined {
  const dot = file.lastIndexOf('.');
  const format = FORMATS.find((one) => one === file.slice(dot + 1));
  return dot < 1 || format === undefined ? undefined : { rkey: file.slice(0, dot), format };
}

/** Feeds as documents for readers without an account, each made at most every few seconds. */
export class Syndication {
  readonly #context: FeedRestContext;
  readonly #documents = new Map<string, { readonly madeMs: number; readonly document: Promise<Document> }>();

  constructor(context: FeedRestContext) {
    this.#context = context;
  }

  /** Undefined where those whom we do not know are shown nothing. */
  find(rkey: string, format: Format): Promise<Document> | undefined {
    const { catalogue, clock } = this.#context;
    const feed = catalogue.find(rkey);
    const shown = feed === undefined || feed.visibility !== 'public' ? undefined : publicFormOf(this.#context, feed);
    // A public feed does not open one that is for members.
    if (feed === undefined || shown?.visibility !== 'public') return undefined;
    const key = `${format} ${rkey}`;
    const nowMs = clock.nowMs();
    const known = this.#documents.get(key);
    if (known !== undefined && nowMs - known.madeMs < KEPT_MS) return known.document;
    const document = this.#make(feed, shown, { format, before: known?.document });
    this.#forgetOld(nowMs);
    this.#documents.set(key, { madeMs: nowMs, document });
    // What failed is made anew for the next who asks.
    document.catch(() => this.#documents.delete(key));
    return document;
  }

  async #make(
    feed: Feed,
    shown: Feed,
    { format, before }: { readonly format: Format; readonly before: Promise<Document> | undefined },
  ): Promise<Document> {
    const { rankings, hidden, store, publicUrl, rules, clock } = this.#context;
    const ranking = await rankings.current(shown);
    const visible = (ranking?.posts ?? []).filter((post) => hidden.why(post, ranking?.rankedAtMs ?? 0) === undefined);
    const [publisher] = rules.publishers(feed.rkey);
    const text = writeFeed(format, {
      title: feed.displayName,
      description: feed.description,
      homeUrl: publisher === undefined ? publicUrl : `https://bsky.app/profile/${publisher}/feed/${feed.rkey}`,
      selfUrl: `${publicUrl}/feeds/${feed.rkey}.${format}`,
      imageUrl: feed.avatar === undefined ? undefined : `${publicUrl}/api/v1/feeds/${feed.rkey}/avatar`,
      posts: await readPosts(store, visible.slice(0, MOST_POSTS)),
    });
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    const old = await before?.catch(() => undefined);
    return { text, etag, sinceMs: old?.etag === etag ? old.sinceMs : clock.nowMs() };
  }

  /** Of feeds that nobody reads any more nothing stays. */
  #forgetOld(nowMs: number): void {
    for (const [key, { madeMs }] of this.#documents) {
      if (nowMs - madeMs > 3_600_000) this.#documents.delete(key);
    }
  }
}

/** Whether the caller has this document already, by what RFC 9110 says of conditional requests. */
export function isKnown(
  { etag, sinceMs }: Document,
  asked: { readonly ifNoneMatch: string | undefined; readonly ifModifiedSince: string | undefined },
): boolean {
  if (asked.ifNoneMatch !== undefined) {
    const tags = asked.ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return tags.includes('*') || tags.includes(etag);
  }
  const since = Date.parse(asked.ifModifiedSince ?? '');
  return !Number.isNaN(since) && Math.floor(sinceMs / 1000) * 1000 <= since;
}
