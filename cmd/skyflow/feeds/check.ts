import type { FeedsAnswer, FeedsOutcome } from '#pkg/admin/feeds.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createCatalogue, OURS_DIR } from '#pkg/feeds/catalogue/catalogue.ts';
import { checkFeeds, type CheckReport } from '#pkg/feeds/catalogue/check-feeds.ts';
import type { Catalogue } from '#pkg/feeds/parts.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import type { Checked } from './operator-parts.ts';

export interface CheckParts {
  readonly catalogue: Pick<Catalogue, 'feeds' | 'problems'>;
  /** The operator's folder in use. */
  readonly feedsDir: string | undefined;
  /** Undefined: statements are read, but not tried. */
  readonly store: ClickHouse | undefined;
}

/** Checks feed folders: those of `dir`; without one all that are in use, the operator's as they are at this moment. */
export const createCheck =
  (parts: CheckParts) =>
  (dir: string | undefined): Promise<Checked> =>
    dir === undefined ? checkAllInUse(parts) : checkOne(dir, parts);

const checkOne = async (dir: string, { catalogue, store }: CheckParts): Promise<Checked> => {
  const report = await checkFeeds(dir, { store, others: catalogue.feeds() });
  const { feeds, problems } = split(report);
  const own = report.mistakes.length === 0 ? [] : [{ folder: report.dir, mistakes: report.mistakes }];
  return { dirs: [report.dir], feeds, problems: [...own, ...problems], statementsChecked: report.statementsChecked };
};

const checkAllInUse = async ({ catalogue, feedsDir, store }: CheckParts): Promise<Checked> => {
  const ours = catalogue.feeds().filter(({ origin }) => origin === 'skyflow');
  const report = feedsDir === undefined ? undefined : await checkFeeds(feedsDir, { store, others: ours });
  const theirs = report === undefined ? { feeds: [], problems: [] } : split(report);
  // An operator's folder without feeds is no mistake; whether one that cannot be read is, the catalogue knows.
  const known = catalogue.problems().filter(({ folder }) => folder === report?.dir || folder.startsWith(OURS_DIR));
  return {
    dirs: [OURS_DIR, ...(report === undefined || report.feeds.length === 0 ? [] : [report.dir])],
    feeds: [...ours.map(({ rkey }) => rkey), ...theirs.feeds],
    problems: [...known, ...theirs.problems],
    statementsChecked: store !== undefined && (theirs.feeds.length === 0 || report?.statementsChecked === true),
  };
};

const split = ({ feeds }: CheckReport): Pick<Checked, 'feeds' | 'problems'> => ({
  feeds: feeds.filter(({ mistakes }) => mistakes.length === 0).map(({ rkey }) => rkey),
  problems: feeds.filter(({ mistakes }) => mistakes.length > 0).map(({ folder, mistakes }) => ({ folder, mistakes })),
});

/** Checks without any store: whoever writes a feed need not have a Skyflow. */
export const checkAlone = async (
  feedsDir: string | undefined,
  dir: string | undefined,
): Promise<FeedsOutcome<'check'>> => {
  const log = createLogger({ level: 'silent' });
  const catalogue = await createCatalogue({ oursDir: OURS_DIR, feedsDir, clock: systemClock, log });
  const checked = await createCheck({ catalogue, feedsDir, store: undefined })(dir);
  return { ok: true, answer: checkAnswer(checked) };
};

/** As it goes over the socket. */
export const checkAnswer = ({ dirs, feeds, problems, statementsChecked }: Checked): FeedsAnswer<'check'> => ({
  dirs: [...dirs],
  feeds: [...feeds],
  problems: problems.map(({ folder, mistakes }) => ({ folder, mistakes: [...mistakes] })),
  statementsChecked,
});
