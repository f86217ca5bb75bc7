import { randomUUID } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { recordSignIn } from '#pkg/core/store/users.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { wantsColor } from '#pkg/runtime/terminal.ts';
import type { Built } from '../commands/up.ts';
import type { Screen } from '../screen.ts';
import { demoTour } from './tour.ts';

/** What a terminal that does not tell its width is taken for. */
const fallbackWidth = 100;

/** As a person in this folder would write it. */
export const nearer = (folder: string): string => {
  const path = relative('', folder);
  return path === '' || path.startsWith('..') ? resolve(folder) : path;
};

/** The tour over a process that was built: shown on stdout, past the live line. */
export const tourOf = async (
  built: Built,
  { screen, dataDir }: { readonly screen: Screen; readonly dataDir: string },
): Promise<Service> => {
  const { stores, sessions, lenses, ingest } = built;
  const postgres = await stores.postgres();
  const { stdout, env } = process;
  return demoTour({
    store: await stores.clickhouse(),
    caughtUp: () => ingest.progress.caughtUp(systemClock.nowMs()),
    signIn: async ({ did, handle }) => {
      await recordSignIn(postgres, { did, handle, correlationId: randomUUID(), nowMs: systemClock.nowMs() });
      // The highest tier: whoever starts the demo again within the hour sees all of it again.
      await postgres.query(`UPDATE users SET tier = 'orbit' WHERE did = $1`, [did]);
      return (await sessions.create({ userId: did, handle })).accessToken;
    },
    refreshReferences: () => lenses.refreshReferences(),
    listening: built.listening.then(({ port }) => ({ base: `http://127.0.0.1:${port}` })),
    dataDir: nearer(dataDir),
    clock: systemClock,
    log: screen.log.child({ component: 'demo' }),
    show: (text) => {
      // Takes the live line away first; it is drawn again below what is shown.
      screen.live.update('');
      stdout.write(text);
    },
    terminal: {
      color: wantsColor(stdout, { noColor: !screen.color, term: env['TERM'] }),
      width: stdout.columns ?? fallbackWidth,
    },
  });
};
