import { runMain } from '#cmd/skyflow/run-main.ts';

/** The migrations as a process of its own, for a cluster's start: `skyflow migrate ...` under another name. */
await runMain(
  {
    'migrate up': async (options) => (await import('#cmd/skyflow/commands/migrate.ts')).up(options),
    'migrate down': async (options) => (await import('#cmd/skyflow/commands/migrate.ts')).down(options),
    'migrate version': async (options) => (await import('#cmd/skyflow/commands/migrate.ts')).version(options),
  },
  ['migrate', ...process.argv.slice(2)],
);
