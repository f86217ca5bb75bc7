import { readFile, rm } from 'node:fs/promises';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { errorCode } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { runsCommand } from '#pkg/runtime/process-identity.ts';

/** Whose orphan to look for: the process named in the pid file, if it still is that command with those arguments. */
export interface OrphanOptions {
  pidFile: string;
  command: string;
  args: readonly string[];
  /** How long it may take over SIGTERM before SIGKILL. */
  stopTimeoutMs: number;
  log: Logger;
  clock?: Clock;
}

const POLL_MS = 20;

/**
 * Ends what an earlier run left behind, and removes its pid file. A process that got the number since then is left alone.
 */
export async function endOrphan(options: OrphanOptions): Promise<void> {
  const { pidFile, command, args, log, clock = systemClock } = options;
  const pid = await readPid(pidFile);
  if (pid === undefined) return;
  const isOrphan = () => runsCommand(pid, command, args);
  if (isOrphan()) {
    log.warn({ pid, command }, 'an earlier run left this process behind; ending it');
    for (const [signal, timeoutMs] of [
      ['SIGTERM', options.stopTimeoutMs],
      ['SIGKILL', 5_000],
    ] as const) {
      if (!isOrphan()) break;
      process.kill(pid, signal);
      const untilMs = clock.nowMs() + timeoutMs;
      while (isOrphan() && clock.nowMs() < untilMs) await clock.sleep(POLL_MS);
    }
    if (isOrphan()) throw new Error(`process ${pid} (${command}) of an earlier run cannot be ended`);
  }
  await rm(pidFile, { force: true });
}

async function readPid(pidFile: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(pidFile, 'utf8')).trim());
    // 0 and 1 would mean our whole group and the machine's first process.
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
