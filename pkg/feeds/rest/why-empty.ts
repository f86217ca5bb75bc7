import { collections } from '#pkg/atproto/collections.ts';
import { LimitError, StatementError } from '#pkg/clickhouse/limited.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { sentence } from '#pkg/contracts/sentence.ts';
import { toError } from '#pkg/runtime/errors.ts';
import { type Feed, FILTERS, type Filter, type Ranking, type RankingReport, type Viewer } from '../feed.ts';
import { publicFormOf } from './explain.ts';
import type { WhyEmptyParts } from './ports.ts';

/** Why a feed shows nothing, or little: sentences in the order of what to look at first, and the numbers behind them. */
export interface WhyEmpty {
  readonly rkey: string;
  readonly sentences: readonly string[];
  readonly numbers: {
    /** Undefined: the statement failed, or was not run. */
    readonly rows: number | undefined;
    readonly kept: number | undefined;
    readonly dropped: Readonly<Partial<Record<Filter, number>>>;
    /** Of those kept, how many are hidden by now. */
    readonly hidden: number;
    readonly members: number | undefined;
    /** Since when the index has events, and until when; undefined while it has none. */
    readonly indexSinceMs: number | undefined;
    readonly indexUntilMs: number | undefined;
    readonly postsOfLastDay: number;
    readonly lastRankedAtMs: number | undefined;
    readonly publishers: number;
  };
}

interface IndexRow {
  since_us: string;
  until_us: string;
  recent_posts: string;
}

const indexQuery = defineQuery<{ since_day: string; since_tid: bigint }, IndexRow>({
  name: 'feed_why_empty',
  sql: readSql(import.meta.url, 'why-empty.sql'),
});
const recordsQuery = defineQuery<{ key: bigint }, { actor_id: string; service: string }>({
  name: 'feed_records',
  sql: readSql(import.meta.url, 'records.sql'),
});

const DAY_MS = 86_400_000;
const LAG_MS = 60_000;

const DROPPED: Readonly<Record<Filter, string>> = {
  malformed: 'cannot be read (a post, a finite score, a context of at most 2,000 characters)',
  unknown: 'were never seen by the index',
  deleted: 'are deleted',
  inactive_author: 'are by accounts that are deactivated or gone',
  banned_author: 'are by banned accounts',
  banned_post: 'are banned',
  blocked_label: 'carry a blocked label',
  blocked: 'are by accounts with a block between them and the viewer',
  reply: 'are replies, of which this feed shows none',
  language: "are in none of the feed's languages",
  duplicate: 'were there already, or another about the same thing',
  too_many_of_author: 'are by accounts that have as many there already as one may',
  too_deep: 'rank below the last that is kept',
};

/** Runs the feed's statement once, and looks at everything that can stand between it and a reader. */
export async function whyEmpty(parts: WhyEmptyParts, feed: Feed, viewer?: Viewer): Promise<WhyEmpty> {
  const { clock, store, rules, rankings } = parts;
  const nowMs = clock.nowMs();
  const sinceMs = nowMs - DAY_MS;
  const day = new Date(sinceMs).toISOString().slice(0, 10);
  const [index] = await store.query(indexQuery, { since_day: day, since_tid: (BigInt(sinceMs) * 1000n) << 10n });
  const health = rankings.health().find(({ rkey }) => rkey === feed.rkey);
  const run = await runOnce(parts, feed, viewer);
  const members = feed.asksMembers || feed.visibility === 'members' ? rules.members(feed.rkey).size : undefined;
  const until = timeOf(index?.until_us);
  const hidden = run.ranking === undefined ? 0 : countHidden(parts, run.ranking);
  const sentences = [
    ...mistakes(parts, feed),
    ...run.sentences,
    ...(members === 0 ? [`The feed has no members: skyflow feeds members ${feed.rkey} --add HANDLE adds one.`] : []),
    ...(hidden > 0 ? [`Of the posts that it ranked, hidden by now: ${hidden}.`] : []),
    ...indexSentences(until, nowMs, Number(index?.recent_posts ?? 0)),
    ...(health?.error === undefined
      ? []
      : [sentence(`its last refresh failed (${health.failures} in a row): ${health.error}`)]),
    ...(await publicationSentences(parts, feed)),
  ];
  const report = run.ranking?.report;
  return {
    rkey: feed.rkey,
    sentences: sentences.length === 0 ? [`Nothing is wrong; posts that it shows: ${report?.kept ?? 0}.`] : sentences,
    numbers: {
      rows: report?.rows,
      kept: report?.kept,
      dropped: report?.dropped ?? {},
      hidden,
      members,
      indexSinceMs: timeOf(index?.since_us),
      indexUntilMs: until,
      postsOfLastDay: Number(index?.recent_posts ?? 0),
      lastRankedAtMs: health?.rankedAtMs,
      publishers: rules.publishers(feed.rkey).size,
    },
  };
}

async function runOnce(
  parts: WhyEmptyParts,
  feed: Feed,
  viewer: Viewer | undefined,
): Promise<{ ranking: Ranking | undefined; sentences: readonly string[] }> {
  if (feed.personal && viewer === undefined) {
    const form = publicFormOf(parts, feed);
    const shown = form === undefined ? 'nothing (it has no public form)' : `the feed ${form.rkey}`;
    const words = `It is another feed for each reader, and those whom we do not know are shown ${shown}. Say whose is meant.`;
    return { ranking: undefined, sentences: [words] };
  }
  try {
    const ranking = await parts.ranker.rank(feed, { viewer: feed.personal ? viewer : undefined, langs: [] });
    return { ranking, sentences: reportSentences(ranking.report) };
  } catch (thrown) {
    const error = toError(thrown);
    if (!(error instanceof LimitError) && !(error instanceof StatementError)) throw error;
    return { ranking: undefined, sentences: [sentence(`its statement fails: ${error.message}`)] };
  }
}

function reportSentences({ rows, kept, dropped }: RankingReport): readonly string[] {
  if (rows === 0) return ['Its statement returns no rows.'];
  const reasons = FILTERS.filter((filter) => dropped[filter] > 0);
  if (reasons.length === 0) return [];
  const counted = reasons.map((filter) => `${dropped[filter]} ${DROPPED[filter]}`).join('; ');
  return [`Its statement returns ${rows} rows, of which ${kept} can be shown: ${counted}.`];
}

const countHidden = ({ hidden }: WhyEmptyParts, { posts, rankedAtMs }: Ranking): number =>
  posts.filter((post) => hidden.why(post, rankedAtMs) !== undefined).length;

function mistakes({ catalogue }: WhyEmptyParts, feed: Feed): readonly string[] {
  const problem = catalogue.problems().find(({ folder }) => folder === feed.folder);
  if (problem === undefined) return [];
  return [`Its folder has a mistake, and its last good form is served: ${problem.mistakes.join(' ')}`];
}

function indexSentences(untilMs: number | undefined, nowMs: number, posts: number): readonly string[] {
  if (untilMs === undefined) return ['The index has no events yet: is the indexer running?'];
  const lagMs = nowMs - untilMs;
  return [
    ...(lagMs > LAG_MS ? [`The index is ${Math.round(lagMs / 60_000)} min behind: is the indexer running?`] : []),
    ...(posts === 0 ? ['The index has no posts of the last 24 hours.'] : []),
  ];
}

/** A request for a feed must name an account under which it was published: another record is found, and leads nowhere. */
async function publicationSentences(parts: WhyEmptyParts, feed: Feed): Promise<readonly string[]> {
  const { store, keys, rules, serviceDid } = parts;
  const known = new Set([...rules.publishers(feed.rkey)].map((did) => keys.actorId(did)));
  const records = await store.query(recordsQuery, { key: keys.recordKey(collections.generator, feed.rkey).key });
  const named = records.filter(({ service }) => service === serviceDid);
  const strange = named.filter(({ actor_id }) => !known.has(BigInt(actor_id)));
  const sentences: string[] = [];
  if (known.size === 0) {
    sentences.push('It is not published, or its publication is not recorded here: run skyflow feeds publish.');
  }
  if (strange.length > 0) {
    sentences.push(
      `Accounts with a record that names this service, but was not published from here: ${strange.length}. Requests for it are refused.`,
    );
  }
  const elsewhere = records.filter(({ actor_id, service }) => service !== serviceDid && known.has(BigInt(actor_id)));
  if (elsewhere.length > 0) sentences.push('Its published record names another service: publish it again.');
  return sentences;
}

const timeOf = (us: string | undefined): number | undefined =>
  us === undefined || us === null || us === '0' ? undefined : Math.floor(Number(us) / 1000);
