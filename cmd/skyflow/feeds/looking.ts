import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { Feed, RankedPost, Ranking, Viewer } from '#pkg/feeds/feed.ts';
import { explain, publicFormOf } from '#pkg/feeds/rest/explain.ts';
import { whyEmpty } from '#pkg/feeds/rest/why-empty.ts';
import { isReadable, readLanguages } from '#pkg/feeds/serving/languages.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { type FeedOperatorParts, type Handler, requireFeed } from './operator-parts.ts';
import { didOf, type Named, postOf, withHandles } from './people.ts';

const textsQuery = defineQuery<{ ids: bigint[]; tids: bigint[] }, { actor_id: string; tid: string; words: string }>({
  name: 'feeds_texts',
  sql: readSql(import.meta.url, 'post-texts.sql'),
});

/** Terminals and people read no more of a post than its beginning. */
const textChars = 300;

export const preview: Handler<'preview'> = async (parts, request, signal) => {
  const feed = requireFeed(parts, request.rkey);
  const viewer = await viewerOf(parts, request.viewer);
  const { shown, form } = formOf(parts, feed, viewer);
  if (shown === undefined) return { ...nothing(feed), shown: feed.rkey };
  const langs = readLanguages(request.langs.join(','));
  const who = { viewer: form === 'personal' ? viewer : undefined, langs };
  const ranking = await parts.ranker.rank(shown, who, signal);
  const posts = ranking.posts
    .filter((post) => shown.languages !== 'viewer' || isReadable(post.langs, langs))
    .slice(0, request.limit);
  return {
    rkey: feed.rkey,
    displayName: feed.displayName,
    form,
    shown: shown.rkey,
    viewer: form === 'personal' ? await namedViewer(parts, viewer) : null,
    report: reportOf(ranking),
    posts: await previewed(parts, posts),
  };
};

type Preview = FeedsAnswer<'preview'>;

const nothing = ({ rkey, displayName }: Feed): Omit<Preview, 'shown'> => ({
  rkey,
  displayName,
  form: 'nothing',
  viewer: null,
  report: { rows: 0, kept: 0, dropped: {}, tookMs: 0 },
  posts: [],
});

const formOf = (
  parts: FeedOperatorParts,
  feed: Feed,
  viewer: Viewer | undefined,
): { readonly shown: Feed | undefined; readonly form: Preview['form'] } => {
  if (!feed.personal) return { shown: feed, form: 'shared' };
  if (viewer !== undefined) return { shown: feed, form: 'personal' };
  const shown = publicFormOf(parts, feed);
  return { shown, form: shown === undefined ? 'nothing' : 'public_form' };
};

const reportOf = ({ report: { rows, kept, dropped, tookMs } }: Ranking): Preview['report'] => ({
  rows,
  kept,
  dropped: { ...dropped },
  tookMs,
});

const previewed = async (parts: FeedOperatorParts, posts: readonly RankedPost[]): Promise<Preview['posts']> => {
  const ids = posts.map(({ actorId }) => actorId);
  const tids = posts.map(({ tid }) => tid);
  const rows = posts.length === 0 ? [] : await parts.store.query(textsQuery, { ids, tids });
  const texts = new Map(rows.map(({ actor_id, tid, words }) => [`${actor_id}:${tid}`, words]));
  const dids = posts.map(({ uri }) => uri.slice('at://'.length).split('/', 1)[0] ?? '');
  const authors = await withHandles(parts, dids);
  return posts.map((post, at) => ({
    uri: post.uri,
    score: post.score,
    parts: { ...post.parts },
    reason: post.reason === undefined ? null : post.reason.kind === 'pin' ? 'pin' : post.reason.uri,
    context: post.context ?? null,
    author: authors[at] ?? { did: '', handle: null },
    text: (texts.get(`${post.actorId}:${post.tid}`) ?? '').slice(0, textChars).toWellFormed(),
  }));
};

const viewerOf = async (parts: FeedOperatorParts, typed: string | undefined): Promise<Viewer | undefined> => {
  if (typed === undefined) return undefined;
  const did = await didOf(parts, typed);
  return { did, id: parts.keys.actorId(did) };
};

const namedViewer = async (parts: FeedOperatorParts, viewer: Viewer | undefined): Promise<Named | null> =>
  viewer === undefined ? null : ((await withHandles(parts, [viewer.did]))[0] ?? null);

const timeOf = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

export const explainPost: Handler<'explain'> = async (parts, request) => {
  const feed = requireFeed(parts, request.rkey);
  const viewer = await viewerOf(parts, request.viewer);
  const uri = await postOf(parts, request.post);
  const found = await explain(parts, feed, uri, viewer);
  if (found === undefined) {
    throw new UserError(`${uri} is not a post.`, { hint: 'Copy the link of the post on bsky.app.' });
  }
  return {
    rkey: feed.rkey,
    uri,
    viewer: await namedViewer(parts, viewer),
    sentence: found.sentence,
    rank: found.in ? found.rank : null,
    score: found.in ? found.score : null,
    parts: found.in ? { ...found.parts } : {},
    filter: found.in ? null : (found.filter ?? null),
    checks: found.in ? [] : found.checks.map((one) => ({ ...one })),
    rankedAt: timeOf(found.rankedAtMs),
  };
};

export const whyIsEmpty: Handler<'why_empty'> = async (parts, request) => {
  const feed = requireFeed(parts, request.rkey);
  const viewer = await viewerOf(parts, request.viewer);
  const { sentences, numbers } = await whyEmpty(parts, feed, viewer);
  return {
    rkey: feed.rkey,
    viewer: await namedViewer(parts, viewer),
    sentences: [...sentences],
    rows: numbers.rows ?? null,
    kept: numbers.kept ?? null,
    dropped: { ...numbers.dropped },
  };
};
