import { runMain } from '#cmd/skyflow/run-main.ts';

/** XP, streaks, achievements and leaderboards as a process of their own: `skyflow gamification` under another name. */
await runMain(
  { gamification: async (options) => (await import('#cmd/skyflow/commands/gamification.ts')).gamification(options) },
  ['gamification', ...process.argv.slice(2)],
);
