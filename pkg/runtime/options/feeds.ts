import { flag, option, optional } from '#pkg/runtime/options/option.ts';
import { durationMs, integer, nameList, text } from '#pkg/runtime/options/values.ts';

/** All commands of `skyflow feeds`: they ask the running process, or open the stores themselves. */
export const FEEDS = [
  'feeds list',
  'feeds check',
  'feeds preview',
  'feeds explain',
  'feeds why-empty',
  'feeds publish',
  'feeds unpublish',
  'feeds stats',
  'feeds ban',
  'feeds unban',
  'feeds bans',
  'feeds members',
  'feeds keys create',
  'feeds keys list',
  'feeds keys revoke',
] as const;

/** Those that write to an account's repository. */
export const PUBLISHING = ['feeds publish', 'feeds unpublish'] as const;

/** Those that show a feed as one account sees it. */
const LOOKING = ['feeds preview', 'feeds explain', 'feeds why-empty'] as const;

/** Those that are given names of accounts. */
export const NAMING = [...LOOKING, ...PUBLISHING, 'feeds ban', 'feeds unban', 'feeds members'] as const;

/** Those that read the folders of feeds. */
const READING = ['feeds list', 'feeds check', ...LOOKING, 'feeds publish', 'feeds stats', 'feeds members'] as const;

/** Those that serve feeds. */
const SERVING = ['up', 'demo', 'feedgen'] as const;

/** Options of feeds. */
export const FEEDS_OPTIONS = {
  'feeds-dir': option({
    env: 'SKYFLOW_FEEDS_DIR',
    arg: '<dir>',
    default: './feeds',
    parse: text,
    help: 'folder of your own feeds, one folder each; changes are noticed while it runs',
    commands: [...SERVING, ...READING],
  }),
  'blocked-labels': option({
    env: 'SKYFLOW_BLOCKED_LABELS',
    arg: '<label,...>',
    default: '!hide,!takedown,!suspend,spam',
    parse: nameList,
    help: 'posts that carry one of these labels are in no feed',
    commands: [...SERVING, ...LOOKING],
  }),
  viewer: optional({
    env: 'SKYFLOW_FEEDS_VIEWER',
    arg: '<account>',
    parse: text,
    defaultText: 'someone not signed in',
    help: 'handle or DID of the account that looks at the feed',
    commands: LOOKING,
  }),
  langs: option({
    env: 'SKYFLOW_FEEDS_LANGS',
    arg: '<languages>',
    default: '',
    parse: nameList,
    defaultText: 'all',
    help: 'what the viewer reads, such as en,pt',
    commands: ['feeds preview'],
  }),
  limit: option({
    env: 'SKYFLOW_FEEDS_LIMIT',
    arg: '<n>',
    default: '20',
    parse: integer(1, 500),
    help: 'how many to show at most',
    commands: ['feeds preview', 'dlq list', 'audit'],
    overrides: {
      'dlq list': { env: 'SKYFLOW_ROUTER_LIMIT' },
      audit: { env: 'SKYFLOW_ROUTER_LIMIT' },
    },
  }),
  account: optional({
    env: 'SKYFLOW_FEEDS_ACCOUNT',
    arg: '<handle>',
    parse: text,
    help: 'handle or DID of the account whose repository holds the records',
    commands: PUBLISHING,
    requiredFor: PUBLISHING,
  }),
  'password-file': optional({
    env: 'SKYFLOW_FEEDS_PASSWORD_FILE',
    arg: '<file>',
    parse: text,
    defaultText: 'asked for on the terminal',
    help: 'file that holds the app password and that only you can read (chmod 600)',
    commands: PUBLISHING,
  }),
  all: flag({
    env: 'SKYFLOW_FEEDS_ALL',
    help: 'all feeds',
    commands: ['feeds publish'],
  }),
  'dry-run': flag({
    env: 'SKYFLOW_FEEDS_DRY_RUN',
    help: 'show what would change, and write nothing',
    commands: [...PUBLISHING, 'replay'],
    overrides: { replay: { env: 'SKYFLOW_ROUTER_DRY_RUN' } },
  }),
  yes: flag({
    env: 'SKYFLOW_FEEDS_YES',
    help: 'do it without asking',
    commands: PUBLISHING,
  }),
  days: option({
    env: 'SKYFLOW_FEEDS_DAYS',
    arg: '<n>',
    default: '7',
    parse: integer(1, 90),
    help: 'how many days back',
    commands: ['feeds stats'],
  }),
  reason: optional({
    env: 'SKYFLOW_FEEDS_REASON',
    arg: '<text>',
    parse: text,
    defaultText: 'none',
    help: 'why, for whoever looks it up; at most 1,000 characters, for a tier 200',
    commands: ['feeds ban', 'users tier'],
    overrides: { 'users tier': { env: 'SKYFLOW_PLAYERS_REASON' } },
  }),
  add: option({
    env: 'SKYFLOW_FEEDS_ADD',
    arg: '<account>',
    default: '',
    parse: nameList,
    defaultText: 'none',
    repeatable: true,
    help: 'handle or DID to add; may be given several times',
    commands: ['feeds members'],
  }),
  remove: option({
    env: 'SKYFLOW_FEEDS_REMOVE',
    arg: '<account>',
    default: '',
    parse: nameList,
    defaultText: 'none',
    repeatable: true,
    help: 'handle or DID to remove; may be given several times',
    commands: ['feeds members'],
  }),
  scopes: optional({
    env: 'SKYFLOW_FEEDS_SCOPES',
    arg: '<scopes>',
    parse: nameList,
    help: 'what the key may do, separated by commas',
    commands: ['feeds keys create'],
    requiredFor: ['feeds keys create'],
  }),
  expires: optional({
    env: 'SKYFLOW_FEEDS_EXPIRES',
    arg: '<length>',
    parse: durationMs,
    defaultText: 'never',
    help: 'for how long the key can be used, such as 90d',
    commands: ['feeds keys create'],
  }),
};
