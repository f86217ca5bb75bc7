import { backoff } from '#pkg/runtime/backoff.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { EXIT_TEMPORARY, UserError, errorCode, toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';

/** A server that somebody else runs, and how long to wait for it. */
export interface ReachOptions {
  /** For people: `Redis`. */
  name: string;
  url: string;
  /** The option that names it: `REDIS_URL`. */
  variable: string;
  /** How long to keep trying. */
  timeoutMs: number;
  log: Logger;
  signal?: AbortSignal | undefined;
  clock?: Clock;
}

const SAY_EVERY_MS = 5_000;

/**
 * Tries until `attempt` succeeds, saying now and then since when it does not. A UserError from `attempt` ends it at once:
 * the server answered and will not have us, so waiting does not help.
 * @throws UserError (exit code 75) when the time is over; AbortError when aborted
 */
export async function reach<T>(options: ReachOptions, attempt: () => Promise<T>): Promise<T> {
  const { name, variable, timeoutMs, log, signal, clock = systemClock } = options;
  const shownUrl = redactUrl(options.url);
  const pause = backoff({ minMs: 50, maxMs: 1_000, clock });
  const startMs = clock.nowMs();
  const since = new Date(startMs).toISOString();
  let saidMs = startMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (thrown instanceof UserError) throw thrown;
      const reason = reasonOf(thrown);
      if (clock.nowMs() - startMs >= timeoutMs) {
        throw new UserError(`${name} at ${shownUrl} cannot be reached since ${since} (${reason}).`, {
          hint: `Start it, correct ${variable}, or unset ${variable} to let Skyflow run its own.`,
          exitCode: EXIT_TEMPORARY,
          cause: thrown,
        });
      }
      if (clock.nowMs() - saidMs >= SAY_EVERY_MS) {
        saidMs = clock.nowMs();
        log.warn({ url: shownUrl, since, reason }, `${name} cannot be reached; still trying`);
      }
      await pause.next(signal);
    }
  }
}

/** A system error's code says more than its text, and is all that a failed lookup of two addresses has. */
function reasonOf(thrown: unknown): string {
  const error = toError(thrown);
  return errorCode(error) ?? errorCode(error.cause) ?? redactUrl(error.message);
}
