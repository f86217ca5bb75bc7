import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { hostname } from 'node:os';
import { errorCode } from '#pkg/runtime/errors.ts';

/** A process told apart from every other, also from a later one that got the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in whatever unit the system counts; compared for equality only. */
  startedAt: string;
  /** The machine, its boot and its process namespace. A pid means something only within one place. */
  place: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? 'unknown', place: ownPlace() };
}

/** Whether that very process still runs, or 'elsewhere' when it belongs to another place and cannot be asked. */
export function isRunning(identity: ProcessIdentity): boolean | 'elsewhere' {
  if (identity.place !== ownPlace()) return 'elsewhere';
  return startOf(identity.pid) === identity.startedAt;
}

/** Whether a signal can be sent to this pid: it exists, whatever it is. */
export function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Whether the process with this pid was started as `command ...args`. True for scripts too, where the interpreter comes
 * first. False when it has ended, is not ours to look at, or is anything else.
 */
export function runsCommand(pid: number, command: string, args: readonly string[]): boolean {
  if (process.platform === 'linux') {
    const words = readOrUndefined(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
    const own = words.slice(words.length - args.length - 1);
    return (
      own.length === args.length + 1 &&
      basename(own[0] ?? '') === basename(command) &&
      args.every((arg, index) => own[index + 1] === arg)
    );
  }
  return ps(pid, 'command')?.endsWith([command, ...args].join(' ')) ?? false;
}

function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart');
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces: count from its end. State is next.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}

let place: string | undefined;

function ownPlace(): string {
  place ??=
    process.platform === 'linux'
      ? `${readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim()} ${readlinkSync('/proc/self/ns/pid')}`
      : hostname();
  return place;
}

function ps(pid: number, field: string): string | undefined {
  try {
    const output = execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    return output.trim() === '' ? undefined : output.trim();
  } catch {
    return undefined;
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
