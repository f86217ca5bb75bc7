import { type AppBskyFeedDefs, AtpAgent } from '@atproto/api';
import type { Account } from './network.ts';
import type { Skyflow } from './skyflow.ts';

/** A post on a page, as the AppView and our skeleton can both say it. */
export interface Shown {
  readonly uri: string;
  /** At-uri of the repost that is the reason. */
  readonly repost: string | undefined;
  readonly isPinned: boolean;
  readonly context: string | undefined;
}

export interface ShownPage {
  readonly posts: readonly Shown[];
  readonly cursor: string | undefined;
  readonly reqId: string | undefined;
}

export interface Turn {
  readonly limit?: number;
  readonly cursor?: string | undefined;
}

/** Asks for one page. */
export type AskPage = (turn: Turn) => Promise<ShownPage>;

const isA = (value: unknown, name: string): boolean =>
  (value as { $type?: unknown } | undefined)?.$type === `app.bsky.feed.defs#${name}`;

const given = ({ limit, cursor }: Turn): { limit?: number; cursor?: string } => ({
  ...(limit === undefined ? {} : { limit }),
  ...(cursor === undefined ? {} : { cursor }),
});

/** As the AppView shows it to whom this agent is signed in as. @throws where a post has not arrived whole */
export const throughAppView =
  (agent: AtpAgent, feed: string): AskPage =>
  async (turn) => {
    const { data } = await agent.app.bsky.feed.getFeed({ feed, ...given(turn) });
    const reqId = (data.feed[0] as { reqId?: string } | undefined)?.reqId;
    return { posts: data.feed.map(shownOf), cursor: data.cursor, reqId };
  };

const shownOf = ({ post, reason, feedContext }: AppBskyFeedDefs.FeedViewPost): Shown => {
  const { text } = post.record as { text?: string };
  if (text === undefined || text === '' || post.author.handle === '') throw new Error(`${post.uri} came without words`);
  const repost = isA(reason, 'reasonRepost') ? (reason as AppBskyFeedDefs.ReasonRepost).uri : undefined;
  return { uri: post.uri, repost, isPinned: isA(reason, 'reasonPin'), context: feedContext };
};

interface Skeleton {
  readonly feed: readonly {
    readonly post: string;
    readonly reason?: { readonly repost?: string };
    readonly feedContext?: string;
  }[];
  readonly cursor?: string;
  readonly reqId?: string;
}

const SKELETON = 'app.bsky.feed.getFeedSkeleton';

/** What we tell the AppView: asked by the test itself, with the token that the viewer's PDS makes. */
export const ourSkeleton =
  (skyflow: Skyflow, feed: string, viewer: Account | undefined): AskPage =>
  async (turn) => {
    const search = new URLSearchParams({ feed });
    for (const [name, value] of Object.entries(given(turn))) search.set(name, String(value));
    const headers: Record<string, string> = {};
    if (viewer !== undefined) headers['authorization'] = `Bearer ${await tokenOf(viewer, skyflow.did, SKELETON)}`;
    const answer = await fetch(`${skyflow.url}/xrpc/${SKELETON}?${search.toString()}`, { headers });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    const { feed: items, cursor, reqId } = (await answer.json()) as Skeleton;
    const posts = items.map(({ post, reason, feedContext }) => ({
      uri: post,
      repost: reason?.repost,
      isPinned: isA(reason, 'skeletonReasonPin'),
      context: feedContext,
    }));
    return { posts, cursor, reqId };
  };

/** A service-auth token from the account's PDS. */
export const tokenOf = async (account: Account, aud: string, lxm: string): Promise<string> =>
  (await account.agent.com.atproto.server.getServiceAuth({ aud, lxm })).data.token;

/** Asks the AppView with a token that the test made itself. */
export const withToken = (service: string, token: string): AtpAgent => {
  const agent = new AtpAgent({ service });
  agent.setHeader('authorization', `Bearer ${token}`);
  return agent;
};

/** Longer than any feed of the test. */
const MOST_PAGES = 150;

/** Pages to the end with these limits in turn. @throws where a page has more posts than asked for, or there is no end */
export const readToEnd = async (ask: AskPage, limits: readonly number[]): Promise<Shown[]> => {
  const all: Shown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const limit = limits[page % limits.length] ?? 1;
    const found = await ask({ limit, cursor });
    if (found.posts.length > limit) throw new Error(`${found.posts.length} posts on a page of ${limit}`);
    all.push(...found.posts);
    cursor = found.cursor;
    if (cursor === undefined) return all;
  }
  throw new Error(`no end after ${MOST_PAGES} pages`);
};

export const urisOf = (shown: readonly Shown[]): string[] => shown.map(({ uri }) => uri);
