import type { ReadablePost } from './texts.ts';
import { element, htmlOf, xmlDocument } from './xml.ts';

/** The forms in which a feed is there for readers without an account, by the end of their paths. */
export const FORMATS = ['rss', 'atom', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  rss: 'application/rss+xml; charset=utf-8',
  atom: 'application/atom+xml; charset=utf-8',
  json: 'application/feed+json; charset=utf-8',
};

/** A feed for reading. */
export interface ReadableFeed {
  readonly title: string;
  readonly description: string;
  /** Where people read it in an app. */
  readonly homeUrl: string;
  /** Where this document is. */
  readonly selfUrl: string;
  readonly imageUrl: string | undefined;
  readonly posts: readonly ReadablePost[];
}

/** The feed as a document. The same posts always give the same text. */
export const writeFeed = (format: Format, feed: ReadableFeed): string => WRITERS[format](feed);

const WRITERS: Readonly<Record<Format, (feed: ReadableFeed) => string>> = { rss, atom, json: jsonFeed };

const TITLE_CHARS = 80;
/** Of a text, for its title: what looks like one character may be many. */
const MOST_READ = 400;
const segmenter = new Intl.Segmenter();

const urlOf = ({ did, rkey }: ReadablePost): string => `${profileOf(did)}/post/${rkey}`;
const profileOf = (did: string): string => `https://bsky.app/profile/${did}`;
const nameOf = ({ did, handle }: ReadablePost): string => (handle === undefined ? did : `@${handle}`);

function titleOf(post: ReadablePost): string {
  const line = post.text.slice(0, MOST_READ).replace(/\s+/g, ' ').trim();
  const characters = [...segmenter.segment(line)];
  const after = characters[TITLE_CHARS];
  const short = after === undefined ? line : `${line.slice(0, after.index)}…`;
  return short === '' ? nameOf(post) : `${nameOf(post)}: ${short}`;
}

/** Of the newest post: another order is not news. */
const updatedMs = ({ posts }: ReadableFeed): number =>
  posts.reduce((latest, { postedMs }) => Math.max(latest, postedMs), 0);

const iso = (ms: number): string => new Date(ms).toISOString();

function rss(feed: ReadableFeed): string {
  const { title, description, homeUrl, selfUrl, imageUrl, posts } = feed;
  const image = imageUrl === undefined ? [] : [{ url: imageUrl, title, link: homeUrl }];
  const channel = element('channel', [
    element('title', title),
    element('link', homeUrl),
    element('description', description),
    element('atom:link', '', { href: selfUrl, rel: 'self', type: 'application/rss+xml' }),
    element('lastBuildDate', new Date(updatedMs(feed)).toUTCString()),
    ...image.map((parts) =>
      element(
        'image',
        Object.entries(parts).map(([name, value]) => element(name, value)),
      ),
    ),
    ...posts.map((post) =>
      element('item', [
        element('title', titleOf(post)),
        element('link', urlOf(post)),
        element('guid', post.uri, { isPermaLink: 'false' }),
        element('pubDate', new Date(post.postedMs).toUTCString()),
        element('dc:creator', nameOf(post)),
        element('description', htmlOf(post.text)),
      ]),
    ),
  ]);
  return xmlDocument(
    element('rss', [channel], {
      version: '2.0',
      'xmlns:atom': 'http://www.w3.org/2005/Atom',
      'xmlns:dc': 'http://purl.org/dc/elements/1.1/',
    }),
  );
}

function atom(feed: ReadableFeed): string {
  const { title, description, homeUrl, selfUrl, imageUrl, posts } = feed;
  const parts = [
    element('id', selfUrl),
    element('title', title),
    element('subtitle', description),
    element('updated', iso(updatedMs(feed))),
    element('link', '', { href: homeUrl, rel: 'alternate' }),
    element('link', '', { href: selfUrl, rel: 'self' }),
    ...(imageUrl === undefined ? [] : [element('icon', imageUrl)]),
    ...posts.map((post) =>
      element('entry', [
        element('id', urlOf(post)),
        element('title', titleOf(post)),
        element('link', '', { href: urlOf(post), rel: 'alternate' }),
        element('updated', iso(post.postedMs)),
        element('author', [element('name', nameOf(post)), element('uri', profileOf(post.did))]),
        element('content', post.text, { type: 'text' }),
      ]),
    ),
  ];
  return xmlDocument(element('feed', parts, { xmlns: 'http://www.w3.org/2005/Atom' }));
}

function jsonFeed({ title, description, homeUrl, selfUrl, imageUrl, posts }: ReadableFeed): string {
  return JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title,
    description,
    home_page_url: homeUrl,
    feed_url: selfUrl,
    ...(imageUrl === undefined ? {} : { icon: imageUrl }),
    items: posts.map((post) => ({
      id: urlOf(post),
      url: urlOf(post),
      title: titleOf(post),
      content_text: post.text,
      date_published: iso(post.postedMs),
      authors: [{ name: nameOf(post), url: profileOf(post.did) }],
    })),
  });
}
