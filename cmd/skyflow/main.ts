import { runMain } from './run-main.ts';

/** Handlers are loaded when they are called: `--help` must not wait for a database engine to be read from disk. */
await runMain(
  {
    up: async (options) => (await import('./commands/up.ts')).up(options),
    demo: async (options) => (await import('./commands/demo.ts')).demo(options),
    indexer: async (options) => (await import('./commands/indexer.ts')).indexer(options),
    'core-api': async (options) => (await import('./commands/core-api.ts')).coreApi(options),
    timeline: async (options) => (await import('./commands/timeline.ts')).timeline(options),
    'realtime-gateway': async (options) => (await import('./commands/realtime-gateway.ts')).realtimeGateway(options),
    analyze: async (options, [account]) => (await import('./commands/analyze.ts')).analyze(options, account),
    simulate: async (options) => (await import('./commands/simulate.ts')).simulateCommand(options),
    'migrate up': async (options) => (await import('./commands/migrate.ts')).up(options),
    'migrate down': async (options) => (await import('./commands/migrate.ts')).down(options),
    'migrate version': async (options) => (await import('./commands/migrate.ts')).version(options),
    'migrate create': async (options, [name]) => (await import('./commands/migrate.ts')).create(options, name),
    'migrate dump-schema': async (options) => (await import('./commands/migrate.ts')).dump(options),
    sql: async (options, [query]) => (await import('./commands/sql.ts')).sql(options, query),
    status: async (options) => (await import('./commands/status.ts')).status(options),
    common: async (options) => (await import('./commands/common.ts')).common(options),
  },
  process.argv.slice(2),
);
