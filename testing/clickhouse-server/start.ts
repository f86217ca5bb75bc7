import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How the server is started. */
export interface ClickHouseServerOptions {
  /** Folder of the data; made when absent, kept on every stop. */
  path: string;
  /** Any free port when absent; restarts keep the port. */
  port?: number;
}

/** A ClickHouse server in a process of its own, and everything that may befall it. */
export interface ClickHouseServer {
  /** `http://127.0.0.1:PORT`, the same across restarts. */
  readonly url: string;
  /** Of the running process, or of the last one. */
  readonly pid: number;
  /** The engine's version, e.g. `26.7.1.1`. */
  readonly version: string;
  /** Sends the signal (SIGKILL unless told) and waits for the process to be gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it in good order, paused or not; a second call does nothing. */
  stop(): Promise<void>;
  /** Starts it again on the same folder and port, ending it first where it still runs. */
  restart(): Promise<void>;
  /** Freezes it (SIGSTOP): connections are accepted by the kernel and never answered. */
  pause(): Promise<void>;
  /** Thaws it (SIGCONT). */
  resume(): void;
}

interface Running {
  child: ChildProcess;
  exited: Promise<void>;
  port: number;
  version: string;
}

const startTimeoutMs = 30_000;
const stopGraceMs = 10_000;
const maxStderrChars = 4096;
const mainFile = fileURLToPath(new URL('main.ts', import.meta.url));

/** Processes to end when this one ends in good order; a hard death closes their stdin, which ends them too. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const launch = async (path: string, port: number): Promise<Running> => {
  const child = spawn(process.execPath, [mainFile, '--path', path, '--port', String(port), '--exit-with-stdin'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // chDB runs each statement on one of libuv's threads.
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  alive.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      alive.delete(child);
      resolve();
    });
    child.once('error', () => resolve());
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-maxStderrChars);
  });
  const line = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve);
  });
  const timer = new AbortController();
  const first = await Promise.race([
    line,
    exited.then(() => undefined),
    delay(startTimeoutMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined),
  ]);
  timer.abort();
  if (first === undefined) {
    child.kill('SIGKILL');
    throw new Error(`the ClickHouse test server did not start on ${path}: ${stderr.trim() || 'no output'}`);
  }
  const ready = JSON.parse(first) as { port: number; version: string };
  return { child, exited, port: ready.port, version: ready.version };
};

/** Where the kernel shows it, a stop signal is waited for until it holds. */
const isFrozen = (pid: number): boolean => {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return true;
  const text = readFileSync(file, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).startsWith('T');
};

class ServerProcess implements ClickHouseServer {
  readonly #path: string;
  #running: Running;

  constructor(path: string, running: Running) {
    this.#path = path;
    this.#running = running;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#running.port}`;
  }

  get pid(): number {
    return this.#running.child.pid ?? -1;
  }

  get version(): string {
    return this.#running.version;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child, exited } = this.#running;
    child.kill(signal);
    await exited;
  }

  async stop(): Promise<void> {
    const { child, exited } = this.#running;
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const timer = new AbortController();
    const late = delay(stopGraceMs, true, { signal: timer.signal, ref: false }).catch(() => false);
    if (await Promise.race([exited.then(() => false), late])) child.kill('SIGKILL');
    timer.abort();
    await exited;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#running = await launch(this.#path, this.#running.port);
  }

  async pause(): Promise<void> {
    this.#running.child.kill('SIGSTOP');
    while (this.#running.child.exitCode === null && !isFrozen(this.pid)) await delay(1);
  }

  resume(): void {
    this.#running.child.kill('SIGCONT');
  }
}

/**
 * Starts a real ClickHouse engine behind the HTTP protocol, in a child process that ends with this one.
 * @throws Error when it is not ready within 30 s (a taken port, a folder that another server holds)
 */
export const startClickHouseServer = async ({ path, port = 0 }: ClickHouseServerOptions): Promise<ClickHouseServer> =>
  new ServerProcess(path, await launch(path, port));
