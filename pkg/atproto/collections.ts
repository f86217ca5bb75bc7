/** The collections Skyflow indexes, by the short name used in metrics, logs and tables. */
export const collections = {
  post: 'app.bsky.feed.post',
  like: 'app.bsky.feed.like',
  repost: 'app.bsky.feed.repost',
  generator: 'app.bsky.feed.generator',
  follow: 'app.bsky.graph.follow',
  block: 'app.bsky.graph.block',
  list: 'app.bsky.graph.list',
  listItem: 'app.bsky.graph.listitem',
  profile: 'app.bsky.actor.profile',
} as const;

/** Every wanted collection's NSID, in a fixed order. */
export const wantedCollections: readonly string[] = Object.values(collections);
