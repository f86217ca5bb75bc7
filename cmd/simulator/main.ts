import { runMain } from '#cmd/skyflow/run-main.ts';

/** The simulated network as a process of its own: `skyflow simulate` under another name. */
await runMain(
  { simulate: async (options) => (await import('#cmd/skyflow/commands/simulate.ts')).simulateCommand(options) },
  ['simulate', ...process.argv.slice(2)],
);
