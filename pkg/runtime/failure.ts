import { UserError } from '#pkg/runtime/errors.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';

/**
 * Shows what ended the process and returns its exit status. A UserError is two lines: what is wrong, and what to do; anything else is
 * a bug or an outage nobody foresaw, and is shown with its stack. Credentials in URLs are hidden.
 */
export function reportFailure(error: unknown, write: (text: string) => void): number {
  if (error instanceof UserError) {
    write(redactUrl(`Error: ${error.message}\n${error.hint}\n`));
    return error.exitCode;
  }
  write(redactUrl(`skyflow failed unexpectedly:\n${stackOf(error)}\n`));
  return 1;
}

/** The stack with the stacks of its causes, at most five deep. */
function stackOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  if (error.cause === undefined || depth === 4) return own;
  return `${own}\ncaused by: ${stackOf(error.cause, depth + 1)}`;
}
