import { runMain } from '#cmd/skyflow/run-main.ts';

/** The API as a process of its own: `skyflow core-api` under another name. */
await runMain({ 'core-api': async (options) => (await import('#cmd/skyflow/commands/core-api.ts')).coreApi(options) }, [
  'core-api',
  ...process.argv.slice(2),
]);
