import type { AtpAgent } from '@atproto/api';

/** What an AppView says of a post. */
export interface PostCounts {
  readonly likes: number;
  readonly reposts: number;
  readonly replies: number;
  readonly quotes: number;
}

/** What an AppView says of an account. */
export interface AccountCounts {
  readonly posts: number;
  readonly following: number;
  readonly followers: number;
}

const URIS_AT_ONCE = 25;
const PAGE = 100;

/** Those of these posts that the AppView shows, by uri, with the counts it shows beside them. */
export const appViewPosts = async (agent: AtpAgent, uris: readonly string[]): Promise<Map<string, PostCounts>> => {
  const found = new Map<string, PostCounts>();
  for (const some of chunks(uris, URIS_AT_ONCE)) {
    const { data } = await agent.app.bsky.feed.getPosts({ uris: some });
    for (const post of data.posts) {
      const { likeCount = 0, repostCount = 0, replyCount = 0, quoteCount = 0 } = post;
      found.set(post.uri, { likes: likeCount, reposts: repostCount, replies: replyCount, quotes: quoteCount });
    }
  }
  return found;
};

/** Those of these accounts that the AppView shows, by DID. */
export const appViewAccounts = async (
  agent: AtpAgent,
  dids: readonly string[],
): Promise<Map<string, AccountCounts>> => {
  const found = new Map<string, AccountCounts>();
  for (const some of chunks(dids, URIS_AT_ONCE)) {
    const { data } = await agent.app.bsky.actor.getProfiles({ actors: some });
    for (const { did, postsCount = 0, followsCount = 0, followersCount = 0 } of data.profiles) {
      found.set(did, { posts: postsCount, following: followsCount, followers: followersCount });
    }
  }
  return found;
};

/** The DIDs of all on one of the AppView's lists of people. Those who are deactivated are not on it. */
export type People = readonly string[];

/** Who likes, reposts and quotes a post: quoters once for each of their posts. */
export const appViewReactors = async (
  agent: AtpAgent,
  uri: string,
): Promise<{ likes: People; reposts: People; quotes: People }> => ({
  likes: await all(async (page) => {
    const { data } = await agent.app.bsky.feed.getLikes({ uri, ...page });
    return { cursor: data.cursor, dids: data.likes.map((like) => like.actor.did) };
  }),
  reposts: await all(async (page) => {
    const { data } = await agent.app.bsky.feed.getRepostedBy({ uri, ...page });
    return { cursor: data.cursor, dids: data.repostedBy.map((actor) => actor.did) };
  }),
  quotes: await all(async (page) => {
    const { data } = await agent.app.bsky.feed.getQuotes({ uri, ...page });
    return { cursor: data.cursor, dids: data.posts.map((post) => post.author.did) };
  }),
});

/** Whom an account follows, and who follows it. */
export const appViewNeighbours = async (
  agent: AtpAgent,
  actor: string,
): Promise<{ following: People; followers: People }> => ({
  following: await all(async (page) => {
    const { data } = await agent.app.bsky.graph.getFollows({ actor, ...page });
    return { cursor: data.cursor, dids: data.follows.map((profile) => profile.did) };
  }),
  followers: await all(async (page) => {
    const { data } = await agent.app.bsky.graph.getFollowers({ actor, ...page });
    return { cursor: data.cursor, dids: data.followers.map((profile) => profile.did) };
  }),
});

type Page = (page: { limit: number; cursor?: string }) => Promise<{ cursor: string | undefined; dids: People }>;

/** Page by page. */
const all = async (ask: Page): Promise<People> => {
  const dids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    dids.push(...page.dids);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return dids;
};

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
