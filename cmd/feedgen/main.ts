import { runMain } from '#cmd/skyflow/run-main.ts';

/** The feed generator as a process of its own: `skyflow feedgen` under another name. */
await runMain({ feedgen: async (options) => (await import('#cmd/skyflow/commands/feedgen.ts')).feedgen(options) }, [
  'feedgen',
  ...process.argv.slice(2),
]);
