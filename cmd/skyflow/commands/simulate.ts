import { errorCode, UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { simulate } from '#testing/simulator/cli.ts';
import { parseFaults } from '../faults.ts';
import { openScreen } from '../screen.ts';
import { untilStopped } from '../until-stopped.ts';

/** `skyflow simulate`: serves an invented network until Ctrl-C. */
export const simulateCommand = async (options: OptionsOf<'simulate'>): Promise<void> => {
  const { host, port, seed, accounts, historyMs } = options;
  const { faults, hostile } = parseFaults(options.fault);
  using screen = openScreen(options);
  await untilStopped(async (signal) => {
    const simulation = await simulate({
      host,
      port,
      seed,
      accounts,
      historyMs,
      rate: options.eventsPerSecond,
      faults,
      ...(hostile === undefined ? {} : { hostile }),
      log: screen.log.child({ component: 'simulator' }),
      signal,
    }).catch((error: unknown) => {
      throw listenError(error, `${host}:${port}`);
    });
    process.stdout.write(
      `A simulated network is served at ${simulation.url}\n` +
        `Index it with: npm start -- --jetstream ${simulation.url} --data-dir ./data-simulated\n` +
        'Ctrl-C ends it.\n',
    );
    await simulation.finished;
  });
};

const listenError = (error: unknown, address: string): unknown => {
  const hints: Record<string, string> = {
    EADDRINUSE: 'the port is taken',
    EACCES: 'this user may not',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'this machine does not have that address',
  };
  const reason = hints[errorCode(error) ?? ''];
  if (reason === undefined) return error;
  return new UserError(`The simulator cannot listen on ${address}: ${reason}.`, {
    hint: 'Choose another with --port or --host.',
    cause: error,
  });
};
