import { resolve } from 'node:path';
import type { Outcome } from '#pkg/admin/outcome.ts';
import { adminSocketPath } from '#pkg/admin/socket-path.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { LogLevel } from '#pkg/runtime/log.ts';
import { Stores } from './compose.ts';
import { drawing } from './feeds/ask.ts';
import type { Drawing } from './feeds/drawing.ts';
import { isDataFolder, tablesMissing } from './local-store.ts';
import { openScreen, type Screen } from './screen.ts';

/** What every command is told that gives an order to the running Skyflow, or carries it out itself. */
export interface OrderOptions {
  readonly dataDir: string;
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly noColor: boolean;
}

/** One order. */
export interface Order<T> {
  /** What a person waits for: `replaying`. */
  readonly word: string;
  /** The server beside Postgres that it needs, where it needs one. */
  readonly needs?: 'redisUrl' | 'natsUrl' | undefined;
  /** Gives it to the process that holds the data folder; undefined when there is none. */
  ask(socketPath: string): Promise<Outcome<T> | undefined>;
  /** Carries it out here. */
  open(stores: Stores, screen: Screen): Promise<Outcome<T>>;
}

/** Gives an order, and prints the answer as one JSON object or as text. @throws UserError where it was refused */
export const giveOrder = async <T>(
  options: OrderOptions,
  order: Order<T>,
  text: (answer: T, draw: Drawing) => string,
): Promise<T> => {
  // A log that only says what is wrong: these commands answer on stdout.
  using screen = openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });
  screen.live.update(`${order.word} …`);
  const outcome = await outcomeOf(options, order, screen).finally(() => screen.live.update(''));
  if (!outcome.ok) throw new UserError(outcome.message, { hint: outcome.hint });
  process.stdout.write(options.json ? `${JSON.stringify(outcome.answer)}\n` : text(outcome.answer, drawing(options)));
  return outcome.answer;
};

/**
 * Servers that were named are asked directly, all that the order needs; otherwise the process that holds the data folder,
 * and when there is none the folder itself.
 */
const outcomeOf = async <T>(options: OrderOptions, order: Order<T>, screen: Screen): Promise<Outcome<T>> => {
  const { needs } = order;
  if (options.databaseUrl === undefined || (needs !== undefined && options[needs] === undefined)) {
    const folder = resolve(options.dataDir);
    const socketPath = adminSocketPath(folder);
    const answer = socketPath === undefined ? undefined : await order.ask(socketPath);
    if (answer !== undefined) return answer;
    if (!isDataFolder(folder)) throw nowhere(options, needs, folder);
  }
  await using stores = new Stores({ ...options, database: 'skyflow' }, { log: screen.log });
  return await order.open(stores, screen).catch(tablesMissing);
};

const variables = { redisUrl: ['Redis', 'REDIS_URL'], natsUrl: ['NATS', 'NATS_URL'] } as const;

const nowhere = ({ databaseUrl }: OrderOptions, needs: Order<unknown>['needs'], folder: string): UserError => {
  if (databaseUrl === undefined || needs === undefined) {
    return new UserError(`There is no data in ${folder} yet.`, {
      hint: 'Name the right folder with --data-dir, or set DATABASE_URL (and what else is needed) where Skyflow runs on servers.',
    });
  }
  const [name, variable] = variables[needs];
  return new UserError(`This needs ${name}, and ${variable} is not set.`, {
    hint: `Set ${variable} beside DATABASE_URL, or name the data folder of the running Skyflow with --data-dir.`,
  });
};
