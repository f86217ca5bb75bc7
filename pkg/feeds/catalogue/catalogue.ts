import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Feed } from '../feed.ts';
import type { Catalogue } from '../parts.ts';
import { examine } from './examine.ts';
import { folderMark, listFolders } from './files.ts';
import { publicFormMistake } from './public-forms.ts';

/** Where the feeds are that come with Skyflow. */
export const OURS_DIR = fileURLToPath(new URL('../ours', import.meta.url));

export interface CatalogueOptions {
  /** Folder of the feeds that come with Skyflow. */
  readonly oursDir: string;
  /** Folder of the operator's feeds. */
  readonly feedsDir?: string | undefined;
  /** Looks at the operator's statements. Without it they are taken as they are: for tests and for tools that run none. */
  readonly store?: ClickHouse | undefined;
  /** Folder of the templates; those of Skyflow by default. */
  readonly templates?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A dropped folder is live after this and the check at the latest. */
const pollMs = 2_000;

/** What is known about a folder. */
interface Entry {
  readonly origin: Feed['origin'];
  /** Of its files when they were read; undefined: read them again. */
  mark: string | undefined;
  /** The last good form. */
  feed: Feed | undefined;
  mistakes: readonly string[];
}

/** Reads the feeds of both folders and, while its service runs, notices what comes, changes and goes. */
export const createCatalogue = async (options: CatalogueOptions): Promise<Catalogue> => {
  const { clock, log } = options;
  const scan = createScan(options);
  await scan.run();
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await clock.sleep(pollMs, signal);
        await scan.run();
      } catch (error) {
        if (!isAbortError(error)) log.error({ err: error }, 'the feeds could not be looked through');
      }
    }
  };
  return {
    feeds: () => scan.found().feeds,
    find: (rkey) => scan.found().byRkey.get(rkey),
    problems: () => scan.found().problems,
    services: [{ name: 'feeds-catalogue', run }],
  };
};

/** What a look through the folders found. */
interface Found {
  readonly feeds: readonly Feed[];
  readonly byRkey: ReadonlyMap<string, Feed>;
  readonly problems: readonly { readonly folder: string; readonly mistakes: readonly string[] }[];
}

const createScan = (options: CatalogueOptions) => {
  const { log } = options;
  const entries = new Map<string, Entry>();
  const report = createReport(log);
  let found: Found = { feeds: [], byRkey: new Map(), problems: [] };

  const lookAt = async (folder: string, origin: Feed['origin']): Promise<void> => {
    const mark = await folderMark(folder);
    const entry = entries.get(folder) ?? { origin, mark: undefined, feed: undefined, mistakes: [] };
    entries.set(folder, entry);
    if (entry.mark === mark) return;
    const examined = await examine({ folder, origin, templates: options.templates }, options.store);
    if (examined.ok === undefined)
      log.warn({ err: examined.error, folder }, 'the statements of a feed could not be checked');
    entry.mark = examined.ok === undefined ? undefined : mark;
    entry.mistakes = examined.ok ? [] : examined.mistakes;
    if (examined.ok) entry.feed = examined.value;
  };
  /** The folder itself may be the mistake. What was there before it became unreadable stays. */
  const lookThrough = async (
    dir: string,
    origin: Feed['origin'],
    problems: Map<string, readonly string[]>,
  ): Promise<void> => {
    const root = resolve(dir);
    const names = await listFolders(root);
    if (!names.ok) {
      problems.set(root, names.mistakes);
      return;
    }
    const folders = new Set(names.value.map((name) => join(root, name)));
    for (const [folder, entry] of entries) if (entry.origin === origin && !folders.has(folder)) entries.delete(folder);
    for (const folder of folders) await lookAt(folder, origin);
  };
  const run = async (): Promise<void> => {
    const problems = new Map<string, readonly string[]>();
    await lookThrough(options.oursDir, 'skyflow', problems);
    if (options.feedsDir !== undefined) await lookThrough(options.feedsDir, 'operator', problems);
    found = combine(entries, problems);
    report(found);
  };
  return { run, found: () => found };
};

/** Ours come first: an operator's folder of the same name does not take one's place. */
const combine = (entries: ReadonlyMap<string, Entry>, problems: Map<string, readonly string[]>): Found => {
  const add = (folder: string, ...mistakes: string[]): void =>
    void problems.set(folder, [...(problems.get(folder) ?? []), ...mistakes]);
  const byRkey = new Map<string, Feed>();
  for (const [folder, { feed, mistakes }] of entries) {
    if (mistakes.length > 0) add(folder, ...mistakes);
    if (feed === undefined) continue;
    if (byRkey.has(feed.rkey)) add(folder, takenName(feed.rkey));
    else byRkey.set(feed.rkey, feed);
  }
  for (const [rkey, feed] of byRkey) {
    const mistake = publicFormMistake(feed, (other) => byRkey.get(other));
    if (mistake === undefined) continue;
    add(feed.folder, mistake);
    byRkey.set(rkey, { ...feed, publicForm: undefined });
  }
  const listed = [...problems].map(([folder, mistakes]) => ({ folder, mistakes }));
  return { feeds: [...byRkey.values()], byRkey, problems: listed };
};

/** What is wrong with a folder that has the name of a feed of ours. */
export const takenName = (rkey: string): string =>
  `Skyflow has a feed ${rkey} itself. Give this folder another name: it is the feed's record key.`;

/** Says once what is new: a mistake is not repeated at every look. */
const createReport = (log: Logger) => {
  let live = new Map<string, string>();
  let known = new Map<string, string>();
  return ({ feeds, problems }: Found): void => {
    const mistakes = new Map(problems.map((one) => [one.folder, one.mistakes.join('\n')]));
    for (const problem of problems)
      if (known.get(problem.folder) !== mistakes.get(problem.folder)) log.warn(problem, 'a feed has mistakes');
    for (const folder of known.keys())
      if (!mistakes.has(folder)) log.info({ folder }, 'the mistakes of a feed are gone');
    const now = new Map(feeds.map(({ rkey, fingerprint }) => [rkey, fingerprint]));
    for (const { rkey, folder } of feeds)
      if (live.get(rkey) !== now.get(rkey)) log.info({ feed: rkey, folder, changed: live.has(rkey) }, 'a feed is live');
    for (const rkey of live.keys()) if (!now.has(rkey)) log.info({ feed: rkey }, 'a feed is gone');
    [live, known] = [now, mistakes];
  };
};
