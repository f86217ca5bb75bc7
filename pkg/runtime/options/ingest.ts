import { flag, option, optional } from '#pkg/runtime/options/option.ts';
import {
  durationMs,
  durationMsOrForever,
  integer,
  port,
  sizeBytes,
  text,
  urlList,
} from '#pkg/runtime/options/values.ts';

const READERS = ['up', 'indexer'] as const;
const INGEST = ['up', 'demo', 'indexer'] as const;
const APART = ['core-api', 'timeline', 'gamification', 'realtime-gateway', 'event-router', 'feedgen'] as const;
const JETSTREAM_HOSTS = ['jetstream2.us-east', 'jetstream1.us-east', 'jetstream2.us-west', 'jetstream1.us-west'];

/** Options of the processes that read the network and serve it. */
export const INGEST_OPTIONS = {
  jetstream: option({
    env: 'SKYFLOW_JETSTREAM',
    arg: '<url,...>',
    default: JETSTREAM_HOSTS.map((host) => `wss://${host}.bsky.network/subscribe`).join(','),
    defaultText: 'the four public hosts',
    parse: urlList(['ws', 'wss']),
    help: 'Jetstream hosts, best first; the next is tried when one fails',
    commands: READERS,
  }),
  replay: optional({
    env: 'SKYFLOW_REPLAY',
    arg: '<file>',
    parse: text,
    help: 'read events from a file instead, one JSON object a line; .gz and .zst are unpacked',
    commands: READERS,
  }),
  host: option({
    env: 'SKYFLOW_HOST',
    arg: '<address>',
    default: '127.0.0.1',
    parse: text,
    help: 'address to listen on; 0.0.0.0 for all',
    commands: ['up', 'demo', 'indexer', 'simulate', ...APART],
  }),
  port: option({
    env: 'SKYFLOW_PORT',
    arg: '<port>',
    default: '8000',
    parse: port,
    help: 'port to serve on; 0 takes any free one',
    commands: ['up', 'demo', 'simulate', 'core-api', 'gamification', 'realtime-gateway', 'feedgen'],
    overrides: {
      simulate: { env: 'SKYFLOW_SIMULATOR_PORT', default: '6008' },
      gamification: { default: '8002' },
      'realtime-gateway': { default: '8003' },
      feedgen: { default: '8094' },
    },
  }),
  'metrics-port': option({
    env: 'SKYFLOW_METRICS_PORT',
    arg: '<port>',
    default: '8091',
    parse: port,
    help: 'internal port of /metrics, /health and /ready',
    commands: [...INGEST, ...APART],
    overrides: {
      'core-api': { default: '8010' },
      timeline: { default: '8001' },
      gamification: { default: '8012' },
      'realtime-gateway': { default: '8013' },
      'event-router': { default: '8014' },
      feedgen: { default: '8095' },
    },
  }),
  'look-back': option({
    env: 'SKYFLOW_LOOK_BACK',
    arg: '<duration>',
    default: '36h',
    parse: durationMs,
    help: 'how far back the hosts can replay; anything older is recorded as a gap',
    commands: READERS,
  }),
  silence: option({
    env: 'SKYFLOW_SILENCE_TIMEOUT',
    arg: '<duration>',
    default: '60s',
    parse: durationMs,
    help: 'reconnect when a host has sent nothing for so long',
    commands: INGEST,
  }),
  'flush-rows': option({
    env: 'SKYFLOW_FLUSH_ROWS',
    arg: '<n>',
    default: '200000',
    parse: integer(1, 10_000_000),
    help: 'insert as soon as so many rows wait',
    commands: INGEST,
  }),
  'flush-bytes': option({
    env: 'SKYFLOW_FLUSH_BYTES',
    arg: '<size>',
    default: '64MB',
    parse: sizeBytes,
    help: 'insert as soon as so many bytes wait',
    commands: INGEST,
  }),
  'flush-interval': option({
    env: 'SKYFLOW_FLUSH_INTERVAL',
    arg: '<duration>',
    default: '1s',
    parse: durationMs,
    help: 'insert at least so often while anything waits',
    commands: INGEST,
  }),
  'raw-retention': option({
    env: 'SKYFLOW_RAW_RETENTION',
    arg: '<duration>',
    default: '30d',
    parse: durationMsOrForever,
    help: 'how long raw records are kept, or "forever"',
    commands: INGEST,
  }),
  'no-install': flag({
    env: 'SKYFLOW_NO_INSTALL',
    help: 'never install anything on this machine; say what is missing instead',
    commands: ['up', 'demo', 'indexer', 'common'],
  }),
};
