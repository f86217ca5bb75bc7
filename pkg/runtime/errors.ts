/**
 * A failure that the person at the keyboard can do something about: a taken port, an unknown option, an edited migration.
 * `message` is one clear sentence about what is wrong, `hint` one about what to do next. Anything else that reaches the
 * top of the process is a bug and is shown with its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string;
  /** The process's exit status. 75 (EX_TEMPFAIL) tells a supervisor that trying again may help. */
  readonly exitCode: number;

  constructor(message: string, options: { hint: string; exitCode?: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Exit status for "the outside world failed, trying again may help" (sysexits' EX_TEMPFAIL). */
export const EXIT_TEMPORARY = 75;

/** The `code` of a Node system error or a database error (`EADDRINUSE`, `42P01`), or undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** True for the error with which Node's own APIs and `Clock.sleep` answer an aborted signal. */
export function isAbortError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || errorCode(error) === 'ABORT_ERR');
}

/** Turns whatever was thrown into an Error, so that it can be a `cause` and has a stack. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`a non-error was thrown: ${String(thrown)}`);
}
