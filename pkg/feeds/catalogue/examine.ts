import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Feed } from '../feed.ts';
import { type FeedFolder, loadFeed } from './load-feed.ts';
import { type Read, wrong } from './mistakes.ts';
import { checkStatement } from './statement-check.ts';

/** What became of a folder. */
export type Examined =
  | Read<Feed>
  /** The engine could not say whether the statements are in order: ask again. */
  | { readonly ok: undefined; readonly mistakes: readonly string[]; readonly error: unknown };

/**
 * Reads a feed's folder and has the engine look at its statements. Those of Skyflow itself are trusted.
 * @param store undefined: the statements are not looked at
 */
export const examine = async (from: FeedFolder, store: ClickHouse | undefined): Promise<Examined> => {
  const read = await loadFeed(from);
  if (!read.ok || store === undefined || from.origin === 'skyflow') return read;
  try {
    const mistakes = await checkStatements(read.value, store);
    return mistakes.length > 0 ? wrong(...mistakes) : read;
  } catch (error) {
    return {
      ok: undefined,
      mistakes: ['Its statements cannot be checked: ClickHouse does not answer. It is tried again.'],
      error,
    };
  }
};

/** What the engine says against a feed's statements, in sentences. */
export const checkStatements = async ({ sql, why, settings }: Feed, store: ClickHouse): Promise<string[]> => [
  ...(await checkStatement(store, { file: 'feed.sql', sql, settings })),
  ...(why === undefined ? [] : await checkStatement(store, { file: 'why.sql', sql: why, settings })),
];
