import { runMain } from './run-main.ts';

/** Handlers are loaded when they are called: `--help` must not wait for a database engine to be read from disk. */
await runMain(
  {
    up: async (options) => (await import('./commands/up.ts')).up(options),
    demo: async (options) => (await import('./commands/demo.ts')).demo(options),
    indexer: async (options) => (await import('./commands/indexer.ts')).indexer(options),
    'core-api': async (options) => (await import('./commands/core-api.ts')).coreApi(options),
    timeline: async (options) => (await import('./commands/timeline.ts')).timeline(options),
    gamification: async (options) => (await import('./commands/gamification.ts')).gamification(options),
    'event-router': async (options) => (await import('./commands/event-router.ts')).eventRouter(options),
    'realtime-gateway': async (options) => (await import('./commands/realtime-gateway.ts')).realtimeGateway(options),
    feedgen: async (options) => (await import('./commands/feedgen.ts')).feedgen(options),
    analyze: async (options, [account]) => (await import('./commands/analyze.ts')).analyze(options, account),
    simulate: async (options) => (await import('./commands/simulate.ts')).simulateCommand(options),
    'migrate up': async (options) => (await import('./commands/migrate.ts')).up(options),
    'migrate down': async (options) => (await import('./commands/migrate.ts')).down(options),
    'migrate version': async (options) => (await import('./commands/migrate.ts')).version(options),
    'migrate create': async (options, [name]) => (await import('./commands/migrate.ts')).create(options, name),
    'migrate dump-schema': async (options) => (await import('./commands/migrate.ts')).dump(options),
    sql: async (options, [query]) => (await import('./commands/sql.ts')).sql(options, query),
    status: async (options) => (await import('./commands/status.ts')).status(options),
    'feeds list': async (options) => (await import('./commands/feeds-overview.ts')).list(options),
    'feeds check': async (options, [dir]) => (await import('./commands/feeds-overview.ts')).check(options, dir),
    'feeds stats': async (options, [rkey]) => (await import('./commands/feeds-overview.ts')).stats(options, rkey),
    'feeds preview': async (options, [rkey]) => (await import('./commands/feeds-look.ts')).preview(options, rkey),
    'feeds explain': async (options, [rkey, post]) =>
      (await import('./commands/feeds-look.ts')).explain(options, rkey, post),
    'feeds why-empty': async (options, [rkey]) => (await import('./commands/feeds-look.ts')).whyEmpty(options, rkey),
    'feeds publish': async (options, [rkeys]) => (await import('./commands/feeds-publish.ts')).publish(options, rkeys),
    'feeds unpublish': async (options, [rkey]) =>
      (await import('./commands/feeds-publish.ts')).unpublish(options, rkey),
    'feeds ban': async (options, [subject]) => (await import('./commands/feeds-rules.ts')).ban(options, subject),
    'feeds unban': async (options, [subject]) => (await import('./commands/feeds-rules.ts')).unban(options, subject),
    'feeds bans': async (options) => (await import('./commands/feeds-rules.ts')).bans(options),
    'feeds members': async (options, [rkey]) => (await import('./commands/feeds-rules.ts')).members(options, rkey),
    'feeds keys create': async (options, [name]) =>
      (await import('./commands/feeds-rules.ts')).createKey(options, name),
    'feeds keys list': async (options) => (await import('./commands/feeds-rules.ts')).listKeys(options),
    'feeds keys revoke': async (options, [key]) => (await import('./commands/feeds-rules.ts')).revokeKey(options, key),
    'users tier': async (options, [account, tier]) =>
      (await import('./commands/players.ts')).tier(options, account, tier),
    'xp rebuild': async (options) => (await import('./commands/players.ts')).rebuild(options),
    replay: async (options) => (await import('./commands/replay.ts')).replay(options),
    'dlq list': async (options) => (await import('./commands/dlq.ts')).list(options),
    'dlq show': async (options, [id]) => (await import('./commands/dlq.ts')).show(options, id),
    trace: async (options, [id]) => (await import('./commands/trace.ts')).trace(options, id),
    audit: async (options) => (await import('./commands/trace.ts')).audit(options),
    common: async (options) => (await import('./commands/common.ts')).common(options),
  },
  process.argv.slice(2),
);
