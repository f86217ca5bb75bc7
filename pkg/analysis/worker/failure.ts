import { classifyFailure, clickHouseCode } from '#pkg/clickhouse/errors.ts';
import { errorCode } from '#pkg/runtime/errors.ts';

/** Why an analysis failed, for its asker. A closed list: clients may switch over it. */
export const FAILURE_MESSAGES = {
  invalid_request: 'This question is not one that can be answered.',
  timed_out: 'The analysis took too long. A shorter window may work.',
  store_unavailable: 'The data could not be read. Try again later.',
  interrupted: 'The analysis was interrupted several times. Try again later.',
  internal: 'Something went wrong on our side.',
} as const;

export type FailureCode = keyof typeof FAILURE_MESSAGES;

/** A question took longer than it may. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError';
  readonly retryable = true;
  constructor(what: string, limitMs: number) {
    super(`${what} took more than ${limitMs} ms`);
  }
}

/** ClickHouse's own limits on time: TIMEOUT_EXCEEDED, TOO_SLOW. */
const slowCodes = new Set([159, 160]);

/** Node's errors of a connection, and Postgres' classes of a connection, of missing resources and of an operator's action. */
const away = /^(?:E[A-Z]+|(?:08|53|57)[0-9A-Z]{3})$/;

/** What an attempt's error means for the asker. Decided by class and code; the error itself is for the log alone. */
export const failureCode = (error: unknown): FailureCode => {
  if (error instanceof TimedOutError) return 'timed_out';
  const code = clickHouseCode(error);
  if (code === undefined) return away.test(errorCode(error) ?? '') ? 'store_unavailable' : 'internal';
  if (slowCodes.has(code)) return 'timed_out';
  return classifyFailure(error) === 'busy' ? 'store_unavailable' : 'internal';
};

/** The code in a dead letter's reason. Any other reason is the bus's own: it was delivered too often without an outcome. */
export const codeOfReason = (reason: string): FailureCode =>
  Object.hasOwn(FAILURE_MESSAGES, reason) ? (reason as FailureCode) : 'interrupted';
