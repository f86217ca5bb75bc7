import { askStatus } from '#pkg/admin/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import { StatusReader, type StatusReport } from '#pkg/indexer/status.ts';
import type { FullReport } from '../report.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { wantsColor } from '#pkg/runtime/terminal.ts';
import type { Stores } from '../compose.ts';
import { throughLocal } from '../local-store.ts';
import { openScreen } from '../screen.ts';
import { statusText } from '../status-text.ts';

/** `skyflow status`: from the running process where there is one, else from the stores. */
export const status = async (options: OptionsOf<'status'>): Promise<void> => {
  using screen = openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });
  const report = await throughLocal<FullReport>(options, screen.log, {
    ask: async (path) => (await askStatus(path)) as FullReport | undefined,
    open: (stores) => readFromStores(options, stores),
  });
  if (options.json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const color = wantsColor(process.stdout, { noColor: options.noColor, term: process.env['TERM'] });
  process.stdout.write(statusText(report, { color }));
};

const readFromStores = async (options: OptionsOf<'status'>, stores: Stores): Promise<StatusReport> => {
  const store = await stores.clickhouse();
  // Only a Redis that runs anyway is asked: ClickHouse has a copy of the cursor.
  const redis = options.redisUrl === undefined ? undefined : (await stores.redis()).redis;
  try {
    return await new StatusReader({ store, redis, nowMs: () => Date.now() }).read();
  } catch (cause) {
    if (classifyFailure(cause) !== 'schema') throw cause;
    throw new UserError('This ClickHouse does not have the tables of this Skyflow.', {
      hint: 'Run `skyflow migrate up`, or start it with `npm start`.',
      cause,
    });
  }
};
