/**
 * Posts as `app.bsky.feed.getAuthorFeed` shows them: with their author, record, embed, counts and the viewer's state. How many
 * are replies (40 %, each shown with its root and its parent), quote (7 %), link (22 %) or have images (16 %) or facets (43 %),
 * and how long their texts are, is what 340 posts of 2023 to 2025 taken from the network came to.
 */
export interface ShownPost {
  /** Any text without spaces: names the author in all places. */
  readonly author: string;
  readonly rkey: string;
  readonly createdAt: string;
  readonly likes: number;
  readonly replies: number;
  readonly reposts: number;
  readonly quotes: number;
}

const shares = { reply: 40, facets: 43, images: 16, external: 22, quote: 7 };

/** A number from 0 to 99 that depends on the post and on what is asked. */
const percentOf = ({ rkey, author }: ShownPost, what: string): number => {
  let hash = 7;
  for (const letter of `${rkey}${author}${what}`) hash = (hash * 31 + letter.charCodeAt(0)) % 1_000_003;
  return hash % 100;
};
const is = (post: ShownPost, what: keyof typeof shares): boolean => percentOf(post, what) < shares[what];

const didOf = (post: ShownPost): string => `did:plc:${post.author.padStart(24, 'a').slice(-24)}`;
const uriOf = (post: ShownPost): string => `at://${didOf(post)}/app.bsky.feed.post/${post.rkey}`;
const cidOf = (post: ShownPost): string => `bafyrei${post.rkey.repeat(4)}`;
const image = (post: ShownPost, preset: string): string =>
  `https://cdn.example.com/img/${preset}/plain/${didOf(post)}/${cidOf(post)}@jpeg`;

const authorView = (post: ShownPost) => ({
  did: didOf(post),
  handle: `${post.author}.example.com`,
  displayName: `User ${post.author}`,
  avatar: image(post, 'avatar'),
  associated: { chat: { allowIncoming: 'following' }, activitySubscription: { allowSubscriptions: 'followers' } },
  viewer: { muted: false, blockedBy: false, following: uriOf(post) },
  labels: [],
  createdAt: '2024-02-06T12:00:00.000Z',
});

const refs = (post: ShownPost) => {
  const ref = { cid: cidOf(post), uri: uriOf(post) };
  return { parent: ref, root: ref };
};

const facet = (post: ShownPost) => ({
  $type: 'app.bsky.richtext.facet',
  features: [{ $type: 'app.bsky.richtext.facet#link', uri: `https://example.com/an-article-about/${post.rkey}` }],
  index: { byteEnd: 120, byteStart: 90 },
});

const recordOf = (post: ShownPost) => ({
  $type: 'app.bsky.feed.post',
  createdAt: post.createdAt,
  langs: ['en'],
  text: 'A post of ordinary length about an ordinary thing. '.repeat(1 + (percentOf(post, 'text') % 6)),
  ...(is(post, 'facets') ? { facets: [facet(post)] } : {}),
  ...(is(post, 'reply') ? { reply: refs(post) } : {}),
});

const embedView = (post: ShownPost, depth: number): object | undefined => {
  if (is(post, 'images')) {
    const shown = { thumb: image(post, 'feed_thumbnail'), fullsize: image(post, 'feed_fullsize') };
    return {
      $type: 'app.bsky.embed.images#view',
      images: [{ ...shown, alt: 'What is to be seen in the picture.', aspectRatio: { height: 1000, width: 1500 } }],
    };
  }
  if (is(post, 'external')) {
    const external = { uri: `https://example.com/an-article-about/${post.rkey}`, title: 'The title of an article' };
    const description = 'The first sentences of the article, as its page gives them for previews. '.repeat(2);
    return {
      $type: 'app.bsky.embed.external#view',
      external: { ...external, description, thumb: image(post, 'feed_thumbnail') },
    };
  }
  if (depth > 0 || !is(post, 'quote')) return undefined;
  const quoted = { uri: uriOf(post), cid: cidOf(post), author: authorView(post), value: recordOf(post), labels: [] };
  return {
    $type: 'app.bsky.embed.record#view',
    record: { $type: 'app.bsky.embed.record#viewRecord', ...quoted, indexedAt: post.createdAt, embeds: [] },
  };
};

const postView = (post: ShownPost, depth: number) => {
  const embed = embedView(post, depth);
  return {
    uri: uriOf(post),
    cid: cidOf(post),
    author: authorView(post),
    record: recordOf(post),
    ...(embed === undefined ? {} : { embed }),
    bookmarkCount: 0,
    replyCount: post.replies,
    repostCount: post.reposts,
    likeCount: post.likes,
    quoteCount: post.quotes,
    indexedAt: post.createdAt,
    viewer: { bookmarked: false, threadMuted: false, embeddingDisabled: false },
    labels: [],
  };
};

/** One entry of a feed. */
export const feedViewPost = (post: ShownPost) => ({
  post: postView(post, 0),
  ...(is(post, 'reply')
    ? {
        reply: {
          root: { $type: 'app.bsky.feed.defs#postView', ...postView(post, 1) },
          parent: { $type: 'app.bsky.feed.defs#postView', ...postView(post, 1) },
          grandparentAuthor: authorView(post),
        },
      }
    : {}),
});
