import { isAbortError } from '#pkg/runtime/errors.ts';
import { untilSignal } from '#pkg/runtime/lifecycle.ts';

/** Runs `work` until it ends or Ctrl-C (SIGTERM) asks it to; being asked in the middle of starting is no failure. */
export const untilStopped = async (work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
  using stop = untilSignal();
  try {
    await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted || !isAbortError(error)) throw error;
  }
};
