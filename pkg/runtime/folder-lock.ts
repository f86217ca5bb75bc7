import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '#pkg/runtime/errors.ts';
import { type ProcessIdentity, isRunning, ownIdentity } from '#pkg/runtime/process-identity.ts';

/** A lock file as it stands on disk. `nonce` makes two locks of one process different. */
export interface LockRecord extends ProcessIdentity {
  nonce: string;
}

/** `held.pid` is the holder's process, on this machine or (`elsewhere`) in another container or machine. */
export type LockOutcome = { kind: 'taken'; release: () => void } | { kind: 'held'; pid: number; elsewhere: boolean };

const TOUCH_EVERY_MS = 2_000;

/**
 * Takes a lock file for as long as this process lives, taking over one whose holder has ended.
 *
 * A holder in another container shares the folder but not the process table. It is judged by the lock's time stamp, which
 * every holder renews: this waits up to `quietMs` to see whether it moves.
 * @throws the system's error when the folder cannot be written
 */
export async function takeFolderLock(file: string, quietMs = 10_000): Promise<LockOutcome> {
  const own: LockRecord = { ...ownIdentity(), nonce: randomUUID() };
  for (;;) {
    if (tryLink(file, own)) return { kind: 'taken', release: keep(file, own) };
    const found = read(file);
    if (found === undefined) continue;
    const running = isRunning(found);
    if (running === true) return { kind: 'held', pid: found.pid, elsewhere: false };
    if (running === 'elsewhere' && !(await isQuiet(file, quietMs))) {
      return { kind: 'held', pid: found.pid, elsewhere: true };
    }
    if (takeOver(file, found, own)) return { kind: 'taken', release: keep(file, own) };
    await sleep(20);
  }
}

/** A link appears whole or not at all, so nobody reads half a lock. */
function tryLink(file: string, own: LockRecord): boolean {
  const draft = `${file}.${own.nonce}`;
  try {
    writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Puts our record in the dead holder's place. Of several who saw the same dead holder one gets the second lock, and it
 * looks again: a loser who was slow must not throw out the winner.
 * @returns false when somebody else was faster; nothing has changed then
 */
export function takeOver(file: string, dead: LockRecord, own: LockRecord): boolean {
  const second = `${file}.takeover`;
  if (!tryLink(second, own)) {
    const other = read(second);
    if (other !== undefined && isRunning(other) !== true) rmSync(second, { force: true });
    return false;
  }
  try {
    if (read(file)?.nonce !== dead.nonce) return false;
    const draft = `${file}.${own.nonce}`;
    writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
    renameSync(draft, file);
    return true;
  } finally {
    rmSync(second, { force: true });
  }
}

/** Undefined when it has just gone, or holds nothing that we wrote. The latter (a full disk) counts as a dead holder. */
function read(file: string): LockRecord | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const parsed = JSON.parse(text) as Partial<LockRecord>;
    const { pid = 0, startedAt = '', place = '', nonce = '' } = parsed;
    return { pid, startedAt, place, nonce };
  } catch {
    rmSync(file, { force: true });
    return undefined;
  }
}

async function isQuiet(file: string, quietMs: number): Promise<boolean> {
  const before = mtimeOf(file);
  const waitMs = Math.min(quietMs, before + quietMs - Date.now());
  if (waitMs > 0) await sleep(waitMs);
  return mtimeOf(file) === before;
}

function mtimeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Renews the time stamp until released. The release leaves a lock alone that is no longer ours. */
function keep(file: string, own: LockRecord): () => void {
  const timer = setInterval(() => {
    try {
      const now = new Date();
      if (read(file)?.nonce === own.nonce) utimesSync(file, now, now);
    } catch {
      // A full or vanished disk: the lock still holds for everyone who can look at our process.
    }
  }, TOUCH_EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    if (read(file)?.nonce === own.nonce) rmSync(file, { force: true });
  };
}
