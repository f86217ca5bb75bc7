import { resolve } from 'node:path';
import { askRouter } from '#pkg/admin/client.ts';
import type { RouterAction, RouterAnswer, RouterOutcome, RouterRequest, RouterRequestOf } from '#pkg/admin/router.ts';
import { adminSocketPath } from '#pkg/admin/socket-path.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';
import type { LogLevel } from '#pkg/runtime/log.ts';
import { Stores } from '../compose.ts';
import { drawing } from '../feeds/ask.ts';
import type { Drawing } from '../feeds/drawing.ts';
import { isDataFolder } from '../local-store.ts';
import { openScreen, type Screen } from '../screen.ts';

/** What every command about dead letters and the audit log is told. */
export interface RouterCommandOptions {
  readonly dataDir: string;
  readonly databaseUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly noColor: boolean;
}

/** Asks, and prints the answer as one JSON object or as text. */
export const askAndPrint = async <A extends RouterAction>(
  options: RouterCommandOptions,
  request: RouterRequestOf<A>,
  text: (answer: RouterAnswer<A>, draw: Drawing) => string,
): Promise<RouterAnswer<A>> => {
  // A log that only says what is wrong: these commands answer on stdout.
  using screen = openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });
  screen.live.update(request.action === 'replay' ? 'replaying …' : 'looking …');
  const outcome = await outcomeOf(options, screen, request).finally(() => screen.live.update(''));
  if (!outcome.ok) throw new UserError(outcome.message, { hint: outcome.hint });
  process.stdout.write(options.json ? `${JSON.stringify(outcome.answer)}\n` : text(outcome.answer, drawing(options)));
  return outcome.answer;
};

/**
 * Servers that were named are asked directly, all that the request needs; otherwise the process that holds the data
 * folder, and when there is none the folder itself.
 */
const outcomeOf = async <A extends RouterAction>(
  options: RouterCommandOptions,
  screen: Screen,
  request: RouterRequestOf<A>,
): Promise<RouterOutcome<A>> => {
  const { databaseUrl, natsUrl } = options;
  if (databaseUrl === undefined || (publishes(request) && natsUrl === undefined)) {
    const folder = resolve(options.dataDir);
    const socketPath = adminSocketPath(folder);
    const answer = socketPath === undefined ? undefined : await askRouter(socketPath, request);
    if (answer !== undefined) return answer;
    if (!isDataFolder(folder)) throw nowhere(options, folder);
  }
  return fromStores(options, screen, request);
};

const publishes = (request: RouterRequest): boolean => request.action === 'replay' && !request.dryRun;

const nowhere = ({ databaseUrl }: RouterCommandOptions, folder: string): UserError =>
  databaseUrl === undefined
    ? new UserError(`There is no data in ${folder} yet.`, {
        hint: 'Name the right folder with --data-dir, or set DATABASE_URL and NATS_URL where Skyflow runs on servers.',
      })
    : new UserError('A replay needs NATS, and NATS_URL is not set.', {
        hint: 'Set NATS_URL beside DATABASE_URL, or name the data folder of the running Skyflow with --data-dir.',
      });

/** Postgres' code for a table that is not there. */
const undefinedTable = '42P01';

const fromStores = async <A extends RouterAction>(
  options: RouterCommandOptions,
  screen: Screen,
  request: RouterRequestOf<A>,
): Promise<RouterOutcome<A>> => {
  await using stores = new Stores({ ...options, database: 'skyflow' }, { log: screen.log });
  // Loaded only here: a running Skyflow has all of it open already.
  const { createRouterOperator } = await import('./operator.ts');
  const { reconcileStreams } = await import('#pkg/bus/streams.ts');
  const bus = async () => {
    const open = await stores.bus();
    // A NATS that nothing has used yet has no stream to take the message.
    await reconcileStreams(open, screen.log);
    return open;
  };
  try {
    return await createRouterOperator({ postgres: await stores.postgres(), bus, clock: systemClock })<A>(request);
  } catch (cause) {
    if (errorCode(cause) !== undefinedTable) throw cause;
    throw new UserError('This Postgres does not have the tables of this Skyflow.', {
      hint: 'Run `skyflow migrate up`, or start it with `npm start`.',
      cause,
    });
  }
};
