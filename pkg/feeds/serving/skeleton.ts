import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import type { Feed, Ranking, Viewer } from '../feed.ts';
import type { Taste } from '../parts.ts';
import { ANSWER_HEADERS, AWAY, BROKEN, BUSY, type Refusal, UNKNOWN_FEED, answer, invalid, refuse } from './answers.ts';
import { type Cursors, createCursors } from './cursor.ts';
import { readLanguages } from './languages.ts';
import { type OwnLists, createOwnLists } from './lists.ts';
import type { Outcome, ServingMetrics } from './metrics.ts';
import { EMPTY_PAGE } from './page.ts';
import type { PageCache } from './page-cache.ts';
import { type PageWriter, type ReadyPage, createPageWriter } from './page-writer.ts';
import type { ServingParts } from './ports.ts';
import { MAX_LIMIT, type SkeletonQuery, readSkeletonQuery } from './query.ts';
import type { Report } from './trouble.ts';
import { type ReadViewer, isRefusal } from './viewer.ts';

export const SKELETON_METHOD = 'app.bsky.feed.getFeedSkeleton';
export const GENERATOR_COLLECTION = 'app.bsky.feed.generator';

/** Held lists of viewers; see `ServingLimits`. */
const OWN_LISTS = 2_000;

export interface SkeletonContext {
  readonly parts: ServingParts;
  readonly metrics: ServingMetrics;
  readonly pages: PageCache;
  readonly readViewer: ReadViewer;
  readonly report: Report;
}

/** What is needed in every request. */
interface Tools extends SkeletonContext {
  readonly cursors: Cursors;
  readonly ownLists: OwnLists;
  readonly writer: PageWriter;
}

/** One request, understood. */
interface Ask {
  readonly feed: Feed;
  /** The feed whose ranking is shown: the public form, for those whom we do not know. */
  readonly source: Feed;
  readonly viewer: Viewer | undefined;
  readonly taste: Taste | undefined;
  /** Empty: all. */
  readonly langs: readonly string[];
  readonly limit: number;
}

type Empty = { readonly empty: 'not_for_viewer' | 'expired' };

/** Answers getFeedSkeleton. @param search what follows the `?` of the address */
export function createSkeleton(context: SkeletonContext): (request: Request, search: string) => Promise<Response> {
  const { parts, metrics, pages, report } = context;
  const { clock, rankings, reorder, hidden, limits } = parts;
  const cursors = createCursors(parts.cursorKey);
  const tools: Tools = {
    ...context,
    cursors,
    ownLists: createOwnLists({ rankings, reorder, clock }, report, limits?.ownLists ?? OWN_LISTS),
    writer: createPageWriter({ hidden, cursors, pages, onWrite: () => metrics.pagesWritten.inc() }),
  };
  return async (request, search) => {
    const startedAt = performance.now();
    const found = await answerSkeleton(tools, request.headers, search).catch((error: unknown) => {
      report('request', error);
      return BROKEN;
    });
    if ('empty' in found) {
      metrics.outcomes.inc(found.empty);
      return answer(EMPTY_PAGE);
    }
    if (isRefusal(found)) {
      metrics.outcomes.inc(outcomeOf(found));
      return refuse(found);
    }
    metrics.outcomes.inc('served');
    metrics.seconds.observe((performance.now() - startedAt) / 1_000);
    return answer(found.body, headersFor(found.langs));
  };
}

interface Served {
  readonly body: string;
  /** In which posts were chosen; empty: all. */
  readonly langs: readonly string[];
}

async function answerSkeleton(tools: Tools, headers: Headers, search: string): Promise<Served | Empty | Refusal> {
  const query = readSkeletonQuery(search);
  if (isRefusal(query)) return query;
  const feed = findFeed(tools.parts, query.feed);
  if (feed === undefined) return UNKNOWN_FEED;
  const viewer = await readViewerOf(tools, headers);
  if (viewer !== undefined && isRefusal(viewer)) return viewer;
  const source = sourceFor(tools.parts, feed, viewer);
  if (source === undefined) return { empty: 'not_for_viewer' };
  const langs = source.languages === 'viewer' || source.personal ? readLanguages(headers.get('accept-language')) : [];
  const limit = query.limit ?? Math.min(feed.pageSize, MAX_LIMIT);
  const tasteSoon = viewer === undefined ? undefined : tasteOf(tools, viewer);
  const base = await baseOf(tools, { feed, source, viewer, langs }, query);
  const taste = await tasteSoon;
  if ('empty' in base || isRefusal(base)) return base;
  const ask: Ask = { feed, source, viewer, taste, langs, limit };
  const page =
    query.cursor === undefined
      ? await firstPage(tools, ask, base.ranking)
      : tools.writer.page({ ...ask, ranking: base.ranking, from: base.position });
  const { next, posts, body } = page;
  const depth = next ?? base.position + posts;
  tools.parts.visits.count({ rkey: feed.rkey, viewer, depth, isFirst: query.cursor === undefined });
  return { body, langs: source.languages === 'viewer' ? langs : [] };
}

/** The feed of an at-uri: under an account that published it, or under our own DID. */
function findFeed({ catalogue, rules, serviceDid }: ServingParts, uri: string): Feed | undefined {
  const named = parseAtUri(uri);
  if (named === undefined || named.collection !== GENERATOR_COLLECTION) return undefined;
  const feed = catalogue.find(named.rkey);
  if (feed === undefined) return undefined;
  return named.did === serviceDid || rules.publishers(feed.rkey).has(named.did) ? feed : undefined;
}

async function readViewerOf({ readViewer, metrics }: Tools, headers: Headers): Promise<Viewer | undefined | Refusal> {
  const authorization = headers.get('authorization');
  // Not signed in, which is normal.
  if (authorization === null) return undefined;
  const signedIn = await readViewer(authorization, { lxm: SKELETON_METHOD, needsId: false });
  if (isRefusal(signedIn)) return signedIn;
  metrics.signedIn.inc();
  return signedIn.viewer;
}

/** Whose ranking this viewer is shown; undefined: nothing. */
function sourceFor({ catalogue, rules }: ServingParts, feed: Feed, viewer: Viewer | undefined): Feed | undefined {
  const isForViewer = ({ visibility, rkey }: Feed) =>
    visibility === 'public' || (viewer !== undefined && rules.members(rkey).has(viewer.did));
  if (!isForViewer(feed)) return undefined;
  if (!feed.personal || viewer !== undefined) return feed;
  const publicForm = feed.publicForm === undefined ? undefined : catalogue.find(feed.publicForm);
  return publicForm !== undefined && !publicForm.personal && isForViewer(publicForm) ? publicForm : undefined;
}

/** Without it the feed is what all have, which is better than none. */
async function tasteOf({ parts, report }: Tools, viewer: Viewer): Promise<Taste | undefined> {
  try {
    return await parts.tastes.of(viewer);
  } catch (error) {
    report('taste', error);
    return undefined;
  }
}

interface Base {
  readonly ranking: Ranking;
  readonly position: number;
}

/** The ranking that is asked for, and the place in it. */
async function baseOf(
  { parts, cursors, report }: Tools,
  { feed, source, viewer, langs }: Pick<Ask, 'feed' | 'source' | 'viewer' | 'langs'>,
  { cursor }: SkeletonQuery,
): Promise<Base | Empty | Refusal> {
  const place = cursor === undefined ? undefined : cursors.read(cursor, { rkey: feed.rkey, did: viewer?.did });
  if (cursor !== undefined && place === undefined) return invalid('the cursor is not one of ours for this feed');
  try {
    if (place !== undefined) {
      const ranking = await parts.rankings.find(place.rankingId);
      if (ranking === undefined || !isFor(ranking, source, viewer)) return { empty: 'expired' };
      return { ranking, position: place.position };
    }
    const isPersonal = source.personal && viewer !== undefined;
    const ranking = await (isPersonal ? parts.pins.pinned(source, viewer, langs) : parts.rankings.current(source));
    if (ranking === 'busy') return BUSY;
    return ranking === undefined ? AWAY : { ranking, position: 0 };
  } catch (error) {
    report('ranking', error);
    return AWAY;
  }
}

/** Cursors are signed, so this holds; unless the feed has another public form since. */
const isFor = (ranking: Ranking, source: Feed, viewer: Viewer | undefined): boolean =>
  ranking.rkey === source.rkey && (ranking.viewerId === undefined || ranking.viewerId === viewer?.id);

/** The first page of the viewer's own order, or of everybody's. */
async function firstPage({ writer, ownLists }: Tools, ask: Ask, base: Ranking): Promise<ReadyPage> {
  const { source, viewer, taste } = ask;
  if (viewer !== undefined && taste !== undefined) {
    const own = ownLists.of({ base, viewer, taste, order: source.order });
    if (own !== undefined) {
      const page = writer.page({ ...ask, ranking: own.ranking, from: 0 });
      // One that has no second page need not be kept.
      if (page.next === undefined || (await ownLists.keep(source, own))) return page;
    }
  }
  return writer.page({ ...ask, ranking: base, from: 0 });
}

function outcomeOf({ status, error }: Refusal): Outcome {
  if (status === 400) return error === UNKNOWN_FEED.error ? 'unknown_feed' : 'invalid';
  if (status === 401) return 'refused';
  if (status === 503) return error === BUSY.error ? 'busy' : 'away';
  return 'broken';
}

/** Says in which languages the posts are, so that clients need not look. */
const headersFor = (langs: readonly string[]): Readonly<Record<string, string>> =>
  langs.length === 0 ? ANSWER_HEADERS : { ...ANSWER_HEADERS, 'content-language': langs.join(', ') };
