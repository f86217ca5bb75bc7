import { KeysUnavailableError } from '#pkg/session/keys.ts';
import { errorCode, toError } from '#pkg/runtime/errors.ts';

/** Stores that an answer may need. */
export type StoreName = 'postgres' | 'redis';

/** A store cannot answer now, and may later: the caller is told 503. */
export class StoreAwayError extends Error {
  override readonly name = 'StoreAwayError';
  readonly retryable = true;
  readonly store: StoreName;

  constructor(store: StoreName, cause: unknown) {
    super(`${store} is away`, { cause });
    this.store = store;
  }
}

/** Whether an error says that a store is away: for consumers, to whom that is no attempt. */
export const isStoreAway = (error: Error): boolean => error instanceof StoreAwayError;

/** Runs Postgres work; an error that says nothing about our SQL becomes a StoreAwayError. */
export async function onPostgres<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const error = toError(thrown);
    throw isPostgresAway(error) ? new StoreAwayError('postgres', error) : error;
  }
}

/** Runs Redis work, or what asks Redis on our behalf; see `onPostgres`. */
export async function onRedis<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const error = toError(thrown);
    throw isRedisAway(error) ? new StoreAwayError('redis', error) : error;
  }
}

/** SQLSTATE classes that are about the server: no connection, no resources, stopped by hand, broken machine. */
const SERVER_TROUBLE = new Set(['08', '53', '57', '58']);
const READ_ONLY = '25006';

/** pg's errors about the connection carry Node's code or none; a server's answer carries a SQLSTATE. */
function isPostgresAway(error: Error): boolean {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return false;
  const code = errorCode(error) ?? '';
  if (!/^[0-9A-Z]{5}$/.test(code)) return error.constructor === Error || code !== '';
  return SERVER_TROUBLE.has(code.slice(0, 2)) || code === READ_ONLY;
}

/** Answers of a server that is there but cannot serve: its first word is its code, by the protocol's convention. */
const CANNOT_SERVE = new Set([
  'LOADING',
  'BUSY',
  'MASTERDOWN',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'OOM',
  'MISCONF',
  'READONLY',
]);

function isRedisAway(error: Error): boolean {
  if (error instanceof KeysUnavailableError) return true;
  if (error.name === 'ReplyError') return CANNOT_SERVE.has(error.message.split(' ', 1)[0] ?? '');
  return error.name === 'MaxRetriesPerRequestError' || error.constructor === Error || errorCode(error) !== undefined;
}
