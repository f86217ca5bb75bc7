import { FEEDS_COMMANDS } from '#pkg/runtime/feeds-commands.ts';
import { PLAYERS_COMMANDS } from '#pkg/runtime/players-commands.ts';
import { ROUTER_COMMANDS } from '#pkg/runtime/router-commands.ts';

/** A positional argument. */
export interface ArgumentSpec {
  name: string;
  help: string;
  /** It may be left out; with `many`, as the last one only, it may also be given several times. */
  takes?: 'optional' | 'many';
}

/** What `--help` says about a command beyond its options. */
export interface CommandSpec {
  /** One line for the list of commands. */
  summary: string;
  /** A short paragraph: what it does, when to use it. */
  description: string;
  arguments: readonly ArgumentSpec[];
  /** Pairs of a command line (without the program's name) and what it does. */
  examples: readonly (readonly [line: string, meaning: string])[];
}

/** Every command, by its words. Add one here, give options its name in `options.ts`, hand a handler to `buildProgram`. */
export const COMMANDS = {
  up: {
    summary: 'run everything in one process',
    description:
      'Runs Skyflow in one process: the indexer, the stores, the lenses, the API, the live events and the status page, all on one port. Stores without a URL in the environment are embedded, with their data under --data-dir. Ctrl-C stops everything cleanly; nothing that was acknowledged is lost even without that.',
    arguments: [],
    examples: [
      ['up', 'index the live network into ./data'],
      ['up --jetstream ws://127.0.0.1:6008/subscribe', 'index a simulated network (see simulate)'],
      ['up --replay events.jsonl.zst', 'read a recorded file instead of the network'],
    ],
  },
  demo: {
    summary: 'a simulated network and `up` together, no internet needed',
    description:
      'Starts a simulated network and indexes it, always with embedded stores in a data folder of its own, so that nothing invented ever mixes with real data. Once there is something to see, the busiest invented account signs in, asks all four lenses over the API, and what comes back is shown. Its log shows trouble only; --log-level debug shows all of it.',
    arguments: [],
    examples: [
      ['demo', 'a small lively world'],
      ['demo --rate 5000 --seed 7', 'a busier one; the same seed gives the same world'],
    ],
  },
  indexer: {
    summary: 'run the indexer alone',
    description:
      'Reads the firehose into ClickHouse and does nothing else. For a machine of its own: set CLICKHOUSE_URL and REDIS_URL, or it embeds both.',
    arguments: [],
    examples: [['indexer --env-file /etc/skyflow.env', 'use the stores named in that file']],
  },
  'core-api': {
    summary: 'run the API alone',
    description:
      'Signs people in and takes their requests. Needs DATABASE_URL, REDIS_URL and NATS_URL, and a key to sign sessions with: --session-key-folder, or SKYFLOW_SESSION_KEY where several processes share one.',
    arguments: [],
    examples: [
      ['core-api --session-key-folder ./session-key --public-url https://skyflow.example', 'on port 8000'],
      ['core-api --env-file /etc/skyflow.env', 'everything from a file'],
    ],
  },
  timeline: {
    summary: 'run the lenses alone',
    description:
      'Takes the requests from the bus, computes, and says when it is done. Any number of these may run. Needs CLICKHOUSE_URL, DATABASE_URL, REDIS_URL and NATS_URL.',
    arguments: [],
    examples: [['timeline --env-file /etc/skyflow.env', 'use the stores named in that file']],
  },
  gamification: {
    summary: 'run XP, streaks, achievements and leaderboards alone',
    description:
      'Counts what people earn, keeps the calendar of streaks and weeks, and answers about it. Any number of these may run. Needs CLICKHOUSE_URL, DATABASE_URL, REDIS_URL and NATS_URL, and the public keys of core-api, which it reads at --jwks-url.',
    arguments: [],
    examples: [
      ['gamification --jwks-url http://core-api:8000/.well-known/jwks.json', 'on port 8002'],
      ['gamification --env-file /etc/skyflow.env', 'everything from a file'],
    ],
  },
  'event-router': {
    summary: 'run the audit log and the dead letters alone',
    description:
      'Writes every event of the bus into the audit log, and what could not be handled into the dead letters, where `dlq` and `replay` find it. Any number of these may run. Needs DATABASE_URL and NATS_URL.',
    arguments: [],
    examples: [['event-router --env-file /etc/skyflow.env', 'use the stores named in that file']],
  },
  'realtime-gateway': {
    summary: 'run the live events alone',
    description:
      'Serves GET /sse. Any number of these may run. Needs REDIS_URL and NATS_URL, and the public keys of core-api, which it reads at --jwks-url. With DATABASE_URL each user may open as many streams as their tier allows, else as many as the lowest does.',
    arguments: [],
    examples: [
      ['realtime-gateway --jwks-url http://core-api:8000/.well-known/jwks.json', 'on port 8003'],
      ['realtime-gateway --env-file /etc/skyflow.env', 'everything from a file'],
    ],
  },
  feedgen: {
    summary: 'run the feed generator alone',
    description:
      'Ranks the feeds and serves them to Bluesky, with the API about feeds and their RSS. Any number of these may run. Needs CLICKHOUSE_URL, DATABASE_URL and REDIS_URL, and --public-url, the address that clients reach it by.',
    arguments: [],
    examples: [
      ['feedgen --public-url https://skyflow.example', 'on port 8094'],
      ['feedgen --feeds-dir /etc/skyflow/feeds --env-file /etc/skyflow.env', 'with feeds of your own'],
    ],
  },
  analyze: {
    summary: 'look at an account through the lenses',
    description:
      'Shows what flow, clout, kudos and pulse say about an account and the people it follows. Works while `up` runs, through its local socket, and when it does not. Needs no account.',
    arguments: [{ name: 'ACCOUNT', help: 'a handle or a DID' }],
    examples: [
      ['analyze alice.example.com', 'all four lenses over the last 48 hours'],
      ['analyze alice.example.com --type pulse --window 7d --audience mutual', 'one of them, asked exactly'],
      ['analyze did:plc:ewvi7nxzyoun6zhxrhs64oiz --json', 'for programs'],
      ['analyze HANDLE --data-dir data-demo', 'of the invented network, while the demo runs or afterwards'],
    ],
  },
  simulate: {
    summary: 'serve a simulated Jetstream',
    description:
      'Serves an invented network on the real wire format, for trying Skyflow out, for tests and for benchmarks. The same seed gives the same world. Faults are injected on demand.',
    arguments: [],
    examples: [
      ['simulate', 'then: skyflow up --jetstream ws://127.0.0.1:6008/subscribe'],
      ['simulate --history 1d --rate 2000', 'a day of past events to catch up with'],
      ['simulate --fault stall --fault duplicate', 'an upstream on a bad day'],
    ],
  },
  'migrate up': {
    summary: 'apply all pending migrations',
    description: 'Brings the stores to the newest schema. Safe to run again, and safe when two start at once.',
    arguments: [],
    examples: [['migrate up', 'both stores']],
  },
  'migrate down': {
    summary: 'undo the newest migrations',
    description: 'Undoes the newest applied migrations of one store. This can drop tables with their data.',
    arguments: [],
    examples: [['migrate down --store postgres --steps 1', 'undo the last one']],
  },
  'migrate version': {
    summary: 'show which migrations are applied',
    description: 'Shows the schema version of each store, and what is pending.',
    arguments: [],
    examples: [['migrate version', 'both stores']],
  },
  'migrate create': {
    summary: 'start a new migration',
    description: 'Creates an empty pair of files, up and down, with the next number.',
    arguments: [{ name: 'NAME', help: 'what it does, in a few words: add_labels' }],
    examples: [['migrate create add_labels --store clickhouse', 'migrations/clickhouse/NNNN_add_labels.*.sql']],
  },
  'migrate dump-schema': {
    summary: 'write the schema that the migrations make',
    description:
      'Writes schema.sql beside the migrations. Commit it: a test compares it with what the migrations make.',
    arguments: [],
    examples: [['migrate dump-schema', 'both stores']],
  },
  sql: {
    summary: 'ask ClickHouse a question',
    description:
      'Runs one query. Works while `up` runs, through its local socket, and when it does not. Read-only unless --write is given.',
    arguments: [{ name: 'QUERY', help: 'one SQL statement' }],
    examples: [
      ['sql "SELECT count() FROM posts"', 'how many posts there are'],
      ['sql "SELECT * FROM daily_stats" --format CSVWithNames', 'as CSV, for another program'],
    ],
  },
  status: {
    summary: 'lag, rates, cursor, gaps, sizes',
    description: 'Shows how the indexer is doing, whether it runs or not.',
    arguments: [],
    examples: [
      ['status', 'for people'],
      ['status --json', 'for programs'],
    ],
  },
  ...FEEDS_COMMANDS,
  ...PLAYERS_COMMANDS,
  ...ROUTER_COMMANDS,
  common: {
    summary: 'run Redis and NATS only',
    description:
      'Starts the two servers that several processes share and prints their addresses, for development with services run apart.',
    arguments: [],
    examples: [['common', 'until Ctrl-C']],
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** Words that hold commands but are none: `migrate` of `migrate up`, `feeds keys` of `feeds keys list`. */
export const COMMAND_GROUPS: Readonly<Record<string, string>> = {
  migrate: 'apply, undo and create migrations of the stores',
  feeds: 'look at, publish and moderate feeds',
  'feeds keys': 'keys of programs that act for you',
  users: 'look after the people who use Skyflow',
  xp: 'look after what they earned',
  dlq: 'look at messages that could not be handled',
};

/** The positional arguments of a command as a tuple of strings; a list where one takes many. */
export type ArgumentsOf<C extends CommandName> = Strings<(typeof COMMANDS)[C]['arguments']>;

type Strings<A extends readonly unknown[]> = { readonly [I in keyof A]: TextOf<A[I]> };

type TextOf<S> = S extends { readonly takes: 'many' }
  ? readonly string[]
  : S extends { readonly takes: 'optional' }
    ? string | undefined
    : string;
