import { resolve } from 'node:path';
import { askFeeds } from '#pkg/admin/client.ts';
import type { FeedsAction, FeedsAnswer, FeedsOutcome, FeedsRequestOf } from '#pkg/admin/feeds.ts';
import { adminSocketPath } from '#pkg/admin/socket-path.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { LogLevel } from '#pkg/runtime/log.ts';
import { wantsColor } from '#pkg/runtime/terminal.ts';
import type { StoreLocations } from '../compose.ts';
import { isDataFolder, throughLocal } from '../local-store.ts';
import { openScreen, type Screen } from '../screen.ts';
import type { Drawing } from './drawing.ts';

/** What every command of `skyflow feeds` is told. */
export interface FeedsOptions extends StoreLocations {
  readonly feedsDir?: string | undefined;
  readonly blockedLabels?: readonly string[];
  readonly plcUrl?: string;
  readonly publicUrl?: string | undefined;
  readonly serviceDid?: string | undefined;
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly noColor: boolean;
}

/** A log that only says what is wrong: these commands answer on stdout. */
export const quietScreen = (options: FeedsOptions): Screen =>
  openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });

/**
 * Asks the process that serves the feeds; where there is none, or all stores are servers of their own, answers from the stores.
 *
 * @param word what a person waits for: `ranking`
 * @throws UserError where the request was refused
 */
export const askOperator = async <A extends FeedsAction>(
  options: FeedsOptions,
  screen: Screen,
  request: FeedsRequestOf<A>,
  word: string,
): Promise<FeedsAnswer<A>> => {
  screen.live.update(`${word} …`);
  const outcome = await outcomeOf(options, screen, request).finally(() => screen.live.update(''));
  if (!outcome.ok) throw new UserError(outcome.message, { hint: outcome.hint });
  return outcome.answer;
};

const outcomeOf = async <A extends FeedsAction>(
  options: FeedsOptions,
  screen: Screen,
  request: FeedsRequestOf<A>,
): Promise<FeedsOutcome<A>> => {
  // Servers of two kinds must be named for the data folder not to be needed: ClickHouse alone is not all that is asked.
  if (options.clickhouseUrl !== undefined && options.databaseUrl === undefined) {
    const socketPath = adminSocketPath(resolve(options.dataDir));
    const answer = socketPath === undefined ? undefined : await askFeeds(socketPath, request);
    if (answer !== undefined) return answer;
  }
  if (request.action === 'check' && options.clickhouseUrl === undefined && !isDataFolder(options.dataDir)) {
    const { checkAlone } = await import('./check.ts');
    return (await checkAlone(options.feedsDir, (request as FeedsRequestOf<'check'>).dir)) as FeedsOutcome<A>;
  }
  return throughLocal<FeedsOutcome<A>>(options, screen.log, {
    ask: (path) => askFeeds(path, request),
    // Loaded only here: a running Skyflow has all of it open already.
    open: async (stores) =>
      (await import('./from-store.ts')).feedsFromStore(request, { stores, options, log: screen.log }),
  });
};

/** What a terminal that does not tell its width is taken for; files and pipes are wider. */
const fallbackWidth = 100;

/** How to draw on stdout. */
export const drawing = (options: Pick<FeedsOptions, 'noColor'>): Drawing => ({
  color: wantsColor(process.stdout, { noColor: options.noColor, term: process.env['TERM'] }),
  width: Math.min(140, Math.max(40, process.stdout.columns ?? fallbackWidth)),
});

/** Prints the answer: as one JSON object, or as text. */
export const print = <T>(options: FeedsOptions, answer: T, text: (answer: T, draw: Drawing) => string): void => {
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : text(answer, drawing(options)));
};
