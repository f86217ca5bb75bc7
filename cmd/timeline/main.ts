import { runMain } from '#cmd/skyflow/run-main.ts';

/** The lenses as a process of its own: `skyflow timeline` under another name. */
await runMain({ timeline: async (options) => (await import('#cmd/skyflow/commands/timeline.ts')).timeline(options) }, [
  'timeline',
  ...process.argv.slice(2),
]);
