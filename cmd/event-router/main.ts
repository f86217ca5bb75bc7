import { runMain } from '#cmd/skyflow/run-main.ts';

/** The audit log and the dead letters as a process of their own: `skyflow event-router` under another name. */
await runMain(
  { 'event-router': async (options) => (await import('#cmd/skyflow/commands/event-router.ts')).eventRouter(options) },
  ['event-router', ...process.argv.slice(2)],
);
