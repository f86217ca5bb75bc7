import { FEEDS } from '#pkg/runtime/options/feeds.ts';
import { option, optional } from '#pkg/runtime/options/option.ts';
import { PLAYERS } from '#pkg/runtime/options/players.ts';
import { ROUTER } from '#pkg/runtime/options/router.ts';
import { databaseName, text, url } from '#pkg/runtime/options/values.ts';

/** `migrate create` only writes files, and `dump-schema` builds its stores afresh. */
const MIGRATED = ['migrate up', 'migrate down', 'migrate version'] as const;
const STORED = ['up', 'indexer', ...MIGRATED, 'status'] as const;
/** Processes of their own, beside others: an embedded store would be theirs alone, so they must be told. */
const APART = ['core-api', 'timeline', 'gamification', 'realtime-gateway', 'feedgen'] as const;
const ON_BUS = ['core-api', 'timeline', 'gamification', 'realtime-gateway', 'event-router'] as const;

/** Where the data is: the folder of the embedded stores, or the servers used instead. */
export const STORE_OPTIONS = {
  'data-dir': option({
    env: 'SKYFLOW_DATA_DIR',
    arg: '<dir>',
    default: './data',
    parse: text,
    help: 'folder of the embedded stores; one process at a time',
    commands: [
      'up',
      'demo',
      'indexer',
      ...MIGRATED,
      'sql',
      'status',
      'analyze',
      ...FEEDS,
      ...PLAYERS,
      ...ROUTER,
      'common',
    ],
    overrides: { demo: { env: 'SKYFLOW_DEMO_DATA_DIR', default: './data-demo' } },
  }),
  database: option({
    env: 'CLICKHOUSE_DATABASE',
    arg: '<name>',
    default: 'skyflow',
    parse: databaseName,
    help: 'ClickHouse database',
    commands: [...STORED, 'sql', 'analyze', ...FEEDS, 'timeline', 'gamification', 'feedgen'],
  }),
  'clickhouse-url': optional({
    env: 'CLICKHOUSE_URL',
    arg: '<url>',
    parse: url(['http', 'https']),
    defaultText: 'embedded',
    help: 'ClickHouse server, http://user:password@host:8123',
    commands: [...STORED, 'sql', 'analyze', ...FEEDS, 'timeline', 'gamification', 'feedgen'],
    requiredFor: ['timeline', 'gamification', 'feedgen'],
    environmentOnly: true,
  }),
  'database-url': optional({
    env: 'DATABASE_URL',
    arg: '<url>',
    parse: url(['postgres', 'postgresql']),
    defaultText: 'embedded',
    help: 'Postgres server, postgres://user:password@host:5432/name',
    commands: ['up', ...MIGRATED, 'status', ...FEEDS, ...PLAYERS, ...ROUTER, ...APART, 'event-router'],
    requiredFor: ['core-api', 'timeline', 'gamification', 'event-router', 'feedgen'],
    environmentOnly: true,
  }),
  'redis-url': optional({
    env: 'REDIS_URL',
    arg: '<url>',
    parse: url(['redis', 'rediss']),
    defaultText: 'embedded',
    help: 'Redis server, redis://:password@host:6379',
    commands: ['up', 'indexer', 'status', 'xp rebuild', ...APART],
    requiredFor: APART,
    environmentOnly: true,
  }),
  'nats-url': optional({
    env: 'NATS_URL',
    arg: '<url>',
    parse: url(['nats', 'tls']),
    defaultText: 'embedded',
    help: 'NATS server with JetStream, nats://token@host:4222',
    commands: ['up', 'status', 'replay', ...ON_BUS],
    requiredFor: ON_BUS,
    environmentOnly: true,
  }),
};
