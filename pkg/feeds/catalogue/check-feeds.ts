import { basename, dirname, join, resolve } from 'node:path';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Feed } from '../feed.ts';
import { takenName } from './catalogue.ts';
import { examine } from './examine.ts';
import { listFolders, readTextFile } from './files.ts';
import { maxManifestBytes } from './template.ts';
import { publicFormMistake } from './public-forms.ts';

export interface CheckOptions {
  /** Looks at the statements; undefined: they are not looked at. */
  readonly store?: ClickHouse | undefined;
  /** Feeds that are there besides: their names are taken, and they can be public forms. */
  readonly others?: readonly Feed[];
  readonly templates?: string | undefined;
}

/** What is wrong with the feeds of a folder. */
export interface CheckReport {
  readonly dir: string;
  /** With the folder itself. */
  readonly mistakes: readonly string[];
  readonly feeds: readonly CheckedFeed[];
  /** False: nobody asked the engine, because there is none or it did not answer. */
  readonly statementsChecked: boolean;
}

export interface CheckedFeed {
  /** The folder's name. */
  readonly rkey: string;
  readonly folder: string;
  /** Undefined where it has mistakes that keep it from being read. */
  readonly feed: Feed | undefined;
  /** None: it is in order. */
  readonly mistakes: readonly string[];
}

/**
 * Checks every feed of a folder, or the one whose folder it is. Runs nothing of the feeds.
 * @param dir a folder of feeds' folders, or a feed's
 */
export const checkFeeds = async (dir: string, options: CheckOptions = {}): Promise<CheckReport> => {
  const root = resolve(dir);
  const isFeed = (await readTextFile(root, 'feed.json', maxManifestBytes)) !== undefined;
  const names = isFeed ? ({ ok: true, value: [basename(root)] } as const) : await listFolders(root);
  if (!names.ok) return { dir: root, mistakes: names.mistakes, feeds: [], statementsChecked: false };
  const parent = isFeed ? dirname(root) : root;
  let statementsChecked = options.store !== undefined;
  const feeds: CheckedFeed[] = [];
  for (const rkey of names.value) {
    const folder = join(parent, rkey);
    const examined = await examine({ folder, origin: 'operator', templates: options.templates }, options.store);
    if (examined.ok === undefined) statementsChecked = false;
    const feed = examined.ok ? examined.value : undefined;
    feeds.push({ rkey, folder, feed, mistakes: examined.ok ? [] : examined.mistakes });
  }
  const mistakes =
    feeds.length === 0 ? ['There are no feeds in this folder. A feed is a folder with a feed.json.'] : [];
  return {
    dir: root,
    mistakes,
    feeds: feeds.map((one) => together(one, feeds, options.others ?? [])),
    statementsChecked,
  };
};

/** What can be said about a feed only when the others are known. */
const together = (checked: CheckedFeed, all: readonly CheckedFeed[], others: readonly Feed[]): CheckedFeed => {
  const byRkey = new Map([...all.flatMap(({ feed }) => feed ?? []), ...others].map((feed) => [feed.rkey, feed]));
  const isTaken = others.some(({ rkey, origin }) => rkey === checked.rkey && origin === 'skyflow');
  const form = checked.feed === undefined ? undefined : publicFormMistake(checked.feed, (rkey) => byRkey.get(rkey));
  const more = [...(isTaken ? [takenName(checked.rkey)] : []), ...(form === undefined ? [] : [form])];
  return more.length === 0 ? checked : { ...checked, mistakes: [...checked.mistakes, ...more] };
};
