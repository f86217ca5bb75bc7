import { runMain } from '#cmd/skyflow/run-main.ts';

/** The indexer as a process of its own: `skyflow indexer` under another name. */
await runMain({ indexer: async (options) => (await import('#cmd/skyflow/commands/indexer.ts')).indexer(options) }, [
  'indexer',
  ...process.argv.slice(2),
]);
