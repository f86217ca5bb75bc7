import { formatCount } from '#pkg/runtime/quantities.ts';
import { clickHouseCode } from './errors.ts';
import type { QuerySettings } from './query.ts';
import { refuseOutfile } from './statements.ts';

/** How far one statement may go before it is stopped. */
export interface StatementLimits {
  readonly maxMs: number;
  readonly maxMemoryBytes: number;
  readonly maxRowsToRead: number;
  readonly maxResultRows: number;
  readonly maxThreads: number;
}

/** A statement that only reads, and is stopped when it goes too far. */
export interface LimitedStatement {
  /** Goes into ClickHouse's `log_comment`. */
  readonly name: string;
  /** For `operator` the text of somebody else: one SELECT, or it is refused with a StatementError. */
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Each has connections of its own: an operator's statements wait for one another, and ours never for them. */
  readonly lane: Lane;
  readonly limits: StatementLimits;
  /** For statements of our own only. */
  readonly settings?: QuerySettings;
}

export type Lane = 'ours' | 'operator';

export const LIMITS = ['time', 'memory', 'rows_read', 'rows_returned'] as const;
export type Limit = (typeof LIMITS)[number];

const limitSentences: Readonly<Record<Limit, (limits: StatementLimits) => string>> = {
  time: ({ maxMs }) => `it took longer than ${maxMs / 1000} s`,
  memory: ({ maxMemoryBytes }) => `it took more memory than ${Math.round(maxMemoryBytes / 1_048_576)} MB`,
  rows_read: ({ maxRowsToRead }) => `it read more than ${formatCount(maxRowsToRead)} rows`,
  rows_returned: ({ maxResultRows }) => `it returned more than ${formatCount(maxResultRows)} rows`,
};

/** A statement was stopped, because it went beyond one of its limits. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
  readonly limit: Limit;

  constructor(limit: Limit, statement: LimitedStatement, cause?: unknown) {
    super(`${statement.name} was stopped: ${limitSentences[limit](statement.limits)}`, { cause });
    this.limit = limit;
  }
}

/** The statement itself is wrong: it will fail the next time too. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  /** ClickHouse's error code. */
  readonly code: number;

  /** @param message what is wrong, in the engine's words, without the statement */
  constructor(code: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * While the engine makes its plan it looks at no clock: a WITH whose parts each name the one before twice kept it busy for 20 s.
 * What people write is far below these.
 */
const smallEnoughToPlan: QuerySettings = { max_expanded_ast_elements: 20_000, max_subquery_depth: 12 };

/** The engine's settings for one run. Nothing is spilled to the disk: beyond its memory a statement ends. */
export const limitSettings = ({ limits, settings, lane }: LimitedStatement): QuerySettings => ({
  max_execution_time: limits.maxMs / 1000,
  timeout_overflow_mode: 'throw',
  max_memory_usage: limits.maxMemoryBytes,
  max_rows_to_read: limits.maxRowsToRead,
  read_overflow_mode: 'throw',
  max_result_rows: limits.maxResultRows,
  max_result_bytes: limits.maxMemoryBytes,
  result_overflow_mode: 'throw',
  max_threads: limits.maxThreads,
  max_bytes_before_external_group_by: 0,
  max_bytes_ratio_before_external_group_by: 0,
  max_bytes_before_external_sort: 0,
  max_bytes_ratio_before_external_sort: 0,
  output_format_json_quote_64bit_integers: 1,
  ...(lane === 'operator' ? smallEnoughToPlan : {}),
  ...settings,
});

/** By ErrorCodes.cpp. 394 is a statement that was killed, which nobody but the timer and the caller's signal does. */
const limitCodes: ReadonlyMap<number, Limit> = new Map([
  [159, 'time'],
  [160, 'time'],
  [241, 'memory'],
  [158, 'rows_read'],
  [307, 'rows_read'],
  [396, 'rows_returned'],
]);

/** What the moment, the network, the disk or the operating system is to blame for: the statement may be in order. */
const engineCodes: ReadonlySet<number> = new Set([
  // Files and the disk.
  22, 23, 24, 25, 74, 75, 76, 77, 79, 88, 100, 101, 226, 228, 233, 243, 246,
  // Too much at once, shutting down, stopped.
  173, 202, 203, 204, 212, 236, 394, 439, 473,
  // The network and who we are.
  198, 209, 210, 279, 193, 194, 516,
  // Replication and what is no exception of ClickHouse's.
  225, 242, 999, 1000, 1001, 1002,
]);

const maxMessageChars = 400;

/** The first sentence of a message of the engine, without its code, its version and the statement. */
const firstSentence = (message: string): string => {
  const [sentence = ''] = message
    .replaceAll(/(?:Code: \d+\. )?DB::Exception: /g, '')
    .split(/(?:\.|:)? \([A-Z_]{3,}\)|:? [Ii]n (?:scope|query) |: [Ww]hile (?:executing|processing) |\. (?=[A-Z])|\n/);
  return sentence.trim().slice(0, maxMessageChars);
};

/** What was thrown as one of the errors above; anything else as it is. */
export const toLimitedError = (error: unknown, statement: LimitedStatement): unknown => {
  const code = clickHouseCode(error);
  if (code === undefined) return error;
  const limit = limitCodes.get(code);
  if (limit !== undefined) return new LimitError(limit, statement, error);
  if (engineCodes.has(code)) return error;
  return new StatementError(code, firstSentence(error instanceof Error ? error.message : String(error)), error);
};

/** Beyond its time the engine stops a statement by itself; this much later we do. */
const graceMs = 250;

/**
 * Runs `work` with a timer of our own beside the engine's, which looks at the time only between two blocks.
 * @param work starts the timer when the statement is really started, and gives up when the signal aborts
 */
export const underTimer = async <T>(
  statement: LimitedStatement,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal, startTimer: () => void) => Promise<T>,
): Promise<T> => {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const startTimer = (): void => {
    timer = setTimeout(() => late.abort(), statement.limits.maxMs + graceMs);
  };
  try {
    return await work(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]), startTimer);
  } catch (error) {
    if (late.signal.aborted && signal?.aborted !== true) throw new LimitError('time', statement, error);
    throw toLimitedError(error, statement);
  } finally {
    clearTimeout(timer);
  }
};

/** Throws a TypeError where an operator's statement comes with settings: it could lift its own limits. */
export const requireNoSettings = (statement: LimitedStatement): void => {
  if (statement.lane === 'operator' && statement.settings !== undefined)
    throw new TypeError("an operator's statement has no settings of its own");
};

/** ClickHouse's code of a syntax error. */
const syntaxError = 62;

/**
 * What asks the engine's own parser about an operator's statement, and runs nothing of it: a read-only session may still KILL.
 * What only describes a SELECT is taken too. The parser refuses more than one statement.
 * @param text the statement, as a literal or a parameter
 */
export const isOneSelect = (text: string): string =>
  `SELECT match(formatQuery(${text}), '^(SELECT|WITH|DESCRIBE|EXPLAIN AST|\\\\()') AS is_select`;

/** Throws a StatementError unless `answer` to `isOneSelect` is 1. */
export const refuseUnlessSelect = (sql: string, answer: string): void => {
  refuseOutfile(sql);
  if (answer.trim() !== '1') throw new StatementError(syntaxError, 'Only a SELECT can be run here');
};
