import { runMain } from '#cmd/skyflow/run-main.ts';

/** The live events as a process of its own: `skyflow realtime-gateway` under another name. */
await runMain(
  {
    'realtime-gateway': async (options) =>
      (await import('#cmd/skyflow/commands/realtime-gateway.ts')).realtimeGateway(options),
  },
  ['realtime-gateway', ...process.argv.slice(2)],
);
