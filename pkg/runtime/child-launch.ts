import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { systemClock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';

/** How a program ended: one of the two is set. `failed`: it could not be started at all. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  failed?: Error;
}

/** One run of a program. */
export interface Launched {
  readonly pid: number | undefined;
  /** Resolves, never rejects, when it has ended and its output has been read. */
  readonly ended: Promise<ChildEnd>;
  /** The last lines it wrote, oldest first. */
  lastLines(): string[];
  kill(signal: NodeJS.Signals): void;
}

/** What to launch. The pid file is written before the program starts, so no crash can leave an unknown process. */
export interface LaunchOptions {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string | undefined;
  pidFile: string;
  onLine(line: string): void;
}

const KEPT_LINES = 20;

/**
 * `exec` keeps the shell's pid for the program, so signals and its end reach us directly. Beside it waits a tiny shell on
 * descriptor 3, whose other end only our process holds: a word on it means "it has ended", its closing without a word
 * means that we died, by whatever signal, and that the program has to end too. The double fork makes that shell nobody's
 * child: the program would be surprised by one it did not start.
 */
const WRAPPER = `
echo $$ > "$1.new" && mv "$1.new" "$1" || exit 126
shift
( (
  read -r word <&3 && exit 0
  kill -TERM $$
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.1
    kill -0 $$ || exit 0
  done
  kill -KILL $$
) </dev/null >/dev/null 2>&1 & )
exec "$@" 3<&-
`;

/** Starts the program. It runs in its own process group: Ctrl-C is for us, and we stop our children in good order. */
export function launch(options: LaunchOptions): Launched {
  const args = ['-c', WRAPPER, 'skyflow-child', options.pidFile, options.command, ...options.args];
  const child = spawn('/bin/sh', args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as Readable }).on('line', (line) => {
      if (lines.push(line) > KEPT_LINES) lines.shift();
      options.onLine(line);
    });
  }
  // A failed start is reported through `ended`; a signal that cannot be sent must not bring us down.
  child.on('error', () => undefined);
  const lifeline = child.stdio[3] as Duplex;
  // The waiting shell may be gone first; then there is nobody to tell.
  lifeline.on('error', () => lifeline.destroy());
  return {
    pid: child.pid,
    ended: waitForEnd(child).finally(() => lifeline.end('ended\n')),
    lastLines: () => [...lines],
    kill: (signal) => void child.kill(signal),
  };
}

async function waitForEnd(child: ChildProcess): Promise<ChildEnd> {
  try {
    const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
    const read = Promise.all(streams.map((stream) => once(stream, 'close')));
    read.catch(() => undefined);
    await once(child, 'exit');
    // A process of its own that outlives it may hold the pipes open: the last words are not worth waiting for longer.
    await Promise.race([read, systemClock.sleep(200)]);
    return { code: child.exitCode, signal: child.signalCode };
  } catch (thrown) {
    return { code: null, signal: null, failed: toError(thrown) };
  }
}
