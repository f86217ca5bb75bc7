import { FEEDS } from '#pkg/runtime/options/feeds.ts';
import { PLAYERS } from '#pkg/runtime/options/players.ts';
import { ROUTER } from '#pkg/runtime/options/router.ts';
import { flag, option, optional } from '#pkg/runtime/options/option.ts';
import { choice, integer, text } from '#pkg/runtime/options/values.ts';

const MIGRATIONS = ['migrate up', 'migrate down', 'migrate version', 'migrate create', 'migrate dump-schema'] as const;

/** Options of the commands that look at the stores or change them. */
export const OPERATOR_OPTIONS = {
  store: option({
    env: 'SKYFLOW_MIGRATE_STORE',
    arg: '<store>',
    default: 'all',
    parse: choice(['clickhouse', 'postgres', 'all']),
    help: 'clickhouse, postgres or all',
    commands: MIGRATIONS,
    requiredFor: ['migrate down', 'migrate create'],
  }),
  steps: option({
    env: 'SKYFLOW_MIGRATE_STEPS',
    arg: '<n>',
    default: '1',
    parse: integer(1, 9999),
    help: 'how many migrations to undo',
    commands: ['migrate down'],
  }),
  format: optional({
    env: 'SKYFLOW_SQL_FORMAT',
    arg: '<name>',
    parse: text,
    defaultText: 'PrettyCompact on a terminal, else TSVWithNames',
    help: 'any ClickHouse output format',
    commands: ['sql'],
  }),
  write: flag({
    env: 'SKYFLOW_SQL_WRITE',
    help: 'allow a statement that changes data',
    commands: ['sql'],
  }),
  json: flag({
    env: 'SKYFLOW_STATUS_JSON',
    help: 'print one JSON object',
    commands: ['status', 'analyze', ...FEEDS, ...PLAYERS, ...ROUTER],
    overrides: {
      analyze: { env: 'SKYFLOW_ANALYZE_JSON' },
      ...Object.fromEntries(FEEDS.map((command) => [command, { env: 'SKYFLOW_FEEDS_JSON' }])),
      ...Object.fromEntries(PLAYERS.map((command) => [command, { env: 'SKYFLOW_PLAYERS_JSON' }])),
      ...Object.fromEntries(ROUTER.map((command) => [command, { env: 'SKYFLOW_ROUTER_JSON' }])),
    },
  }),
  type: option({
    env: 'SKYFLOW_ANALYZE_TYPE',
    arg: '<lens>',
    default: 'all',
    parse: choice(['all', 'flow', 'clout', 'kudos', 'pulse']),
    help: 'all, flow, clout, kudos or pulse',
    commands: ['analyze'],
  }),
  window: option({
    env: 'SKYFLOW_ANALYZE_WINDOW',
    arg: '<length>',
    default: '48h',
    parse: choice(['24h', '48h', '7d', '30d']),
    help: 'how far back: 24h, 48h, 7d or 30d',
    commands: ['analyze'],
  }),
  audience: option({
    env: 'SKYFLOW_ANALYZE_AUDIENCE',
    arg: '<who>',
    default: 'following',
    parse: choice(['following', 'mutual']),
    help: 'whose posts: of all it follows, or of those that follow it back (mutual)',
    commands: ['analyze'],
  }),
};
