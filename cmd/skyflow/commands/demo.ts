import { loadCursor } from '#pkg/indexer/store/cursor.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { formatCount } from '#pkg/runtime/quantities.ts';
import { simulate } from '#testing/simulator/cli.ts';
import type { StoreLocations, Stores } from '../compose.ts';
import { nearer, tourOf } from '../demo/open-tour.ts';
import { openScreen } from '../screen.ts';
import { untilStopped } from '../until-stopped.ts';
import { runEverything } from './up.ts';

/** The simulated host keeps as much as the public ones. */
const lookBackMs = 36 * 3_600_000;

/**
 * `skyflow demo`: an invented network on a free port, `up` reading it into embedded stores of its own, and a tour of what
 * can be asked of it.
 */
export const demo = async (options: OptionsOf<'demo'>): Promise<void> => {
  // The log of `up` would bury what the tour shows; trouble is told, and debug tells everything.
  using screen = openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });
  const { log } = screen;
  process.stdout.write(introduction(options.accounts, options.dataDir));
  await untilStopped(async (signal) => {
    await runEverything(
      { ...embeddedOnly(options.dataDir), host: options.host, port: options.port, metricsPort: options.metricsPort },
      {
        screen,
        signal,
        plan: async (stores) => {
          const historyMs = await historyFor(stores, options.historyMs);
          screen.live.update('starting: inventing a network');
          const simulation = await simulate({
            port: 0,
            host: '127.0.0.1',
            rate: options.eventsPerSecond,
            seed: options.seed,
            accounts: options.accounts,
            historyMs,
            log: log.child({ component: 'simulator' }),
            signal,
          });
          const firstRunFromUs = Date.now() * 1000 - historyMs * 1000;
          return {
            ...options,
            ...embeddedOnly(options.dataDir),
            ...standsAlone,
            lookBackMs,
            jetstream: [simulation.url],
            firstRunFromUs,
          };
        },
        extra: async (built) => [await tourOf(built, { screen, dataDir: options.dataDir })],
      },
    );
  });
};

const introduction = (accounts: number, dataDir: string): string =>
  `Everything here is invented: a network of ${formatCount(accounts)} accounts, in a folder
of its own, ${nearer(dataDir)}. The tour begins once it is indexed, in ten seconds or so.
`;

/** An invented network has no identities outside of itself, and no proxy stands in front of it. */
const standsAlone = { plcUrl: undefined, allowPrivateHosts: false, trustedProxies: 0 };

/** Back to where the last demo ended: its world went on meanwhile, so that no gap opens between two demos. */
const historyFor = async (stores: Stores, askedMs: number): Promise<number> => {
  const cursor = await loadCursor(await stores.clickhouse(), (await stores.redis()).redis);
  const sinceLastMs = cursor === undefined ? 0 : Date.now() - cursor.timeUs / 1000 + 60_000;
  return Math.min(lookBackMs, Math.max(askedMs, sinceLastMs));
};

/** Without URLs, whatever the environment says: nothing invented must reach a real store. */
const embeddedOnly = (dataDir: string): StoreLocations => ({ dataDir, database: 'skyflow' });
