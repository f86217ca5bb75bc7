import type { CommandName } from '#pkg/runtime/commands.ts';
export type { Option } from '#pkg/runtime/options/option.ts';
import { FEEDS_OPTIONS } from '#pkg/runtime/options/feeds.ts';
import { INGEST_OPTIONS } from '#pkg/runtime/options/ingest.ts';
import { OPERATOR_OPTIONS } from '#pkg/runtime/options/operator.ts';
import { ROUTER_OPTIONS } from '#pkg/runtime/options/router.ts';
import { SERVICE_OPTIONS } from '#pkg/runtime/options/services.ts';
import { SHARED_OPTIONS } from '#pkg/runtime/options/shared.ts';
import { SIMULATOR_OPTIONS } from '#pkg/runtime/options/simulator.ts';
import { STORE_OPTIONS } from '#pkg/runtime/options/stores.ts';

/**
 * The one table of options. It yields the flags, their variables, `--help`, the parsing and the handlers' types. The key is
 * the flag's name; a handler sees it in camelCase, or as `HANDLER_KEYS` says. A new option goes into the part it belongs to, or into a new part.
 */
export const OPTIONS = {
  ...INGEST_OPTIONS,
  ...SIMULATOR_OPTIONS,
  ...SERVICE_OPTIONS,
  ...OPERATOR_OPTIONS,
  ...FEEDS_OPTIONS,
  ...ROUTER_OPTIONS,
  ...STORE_OPTIONS,
  ...SHARED_OPTIONS,
};

/** Variables that scripts and tests read before, or beside, the options. They are known, so they are not refused. */
export const OTHER_VARIABLES: readonly string[] = [];

type Table = typeof OPTIONS;
export type OptionName = keyof Table;

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** `data-dir` -> `dataDir`. */
export type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** Names that handlers see where the flag's own name says no unit. */
export const HANDLER_KEYS = {
  'look-back': 'lookBackMs',
  silence: 'silenceMs',
  'flush-interval': 'flushIntervalMs',
  'raw-retention': 'rawRetentionMs',
  history: 'historyMs',
  rate: 'eventsPerSecond',
  expires: 'expiresMs',
} as const;

type HandlerKey<K extends OptionName> = K extends keyof typeof HANDLER_KEYS ? (typeof HANDLER_KEYS)[K] : CamelCase<K>;

/** What the handler of command `C` gets. For a union of commands: the options that all of them take. */
export type OptionsOf<C extends CommandName> = {
  readonly [K in OptionName as [C] extends [Table[K]['commands'][number]] ? HandlerKey<K> : never]: ValueOf<Table[K]>;
};

type ValueOf<O> = O extends { read(...args: never[]): infer R }
  ? R & { ok: true } extends { value: infer V }
    ? V
    : never
  : never;
