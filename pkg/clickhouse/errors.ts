import { errorCode } from '#pkg/runtime/errors.ts';

/**
 * What a failed ClickHouse call means for the caller. Decided by ClickHouse's error code, never by message text.
 * - `data`: these rows can never be inserted (a value cannot be read, a constraint is violated).
 * - `schema`: the database is not what this version of Skyflow expects, or refuses us: retrying cannot help.
 * - `busy`: anything else: unreachable, out of memory, disk full, too many parts. Retry.
 */
export type FailureKind = 'data' | 'schema' | 'busy';

/** ClickHouse's ErrorCodes.cpp: codes that a row's own content causes. */
const dataCodes = new Set([6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 441, 469, 691]);
/** Unknown column, table, database, function, setting; not allowed; wrong password; read-only. */
const schemaCodes = new Set([16, 36, 42, 43, 46, 47, 60, 62, 81, 115, 164, 184, 192, 193, 194, 497, 516]);
const diskCodes = new Set([243, 75, 74]);

/** The numeric ClickHouse code an error carries, whichever client threw it. */
export const clickHouseCode = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('clickhouseCode' in error && typeof error.clickhouseCode === 'number') return error.clickhouseCode;
  const fromCause = 'cause' in error ? clickHouseCode(error.cause) : undefined;
  if (fromCause !== undefined) return fromCause;
  if ('code' in error && typeof error.code === 'string' && /^\d+$/.test(error.code)) return Number(error.code);
  return undefined;
};

/** See {@link FailureKind}. */
export const classifyFailure = (error: unknown): FailureKind => {
  const code = clickHouseCode(error);
  if (code === undefined) return 'busy';
  if (dataCodes.has(code)) return 'data';
  return schemaCodes.has(code) ? 'schema' : 'busy';
};

/** Whether the store says that its disk is full (or cannot be written). */
export const isDiskFull = (error: unknown): boolean => {
  if (errorCode(error) === 'ENOSPC') return true;
  const code = clickHouseCode(error);
  return code !== undefined && diskCodes.has(code);
};
