import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ChildOrders, ChildReport } from './child.ts';

/** One life of an indexer in a process of its own. */
export interface Life {
  readonly pid: number;
  /** The newest report; undefined before the first. */
  readonly report: ChildReport | undefined;
  /** Whether it has begun to read. */
  readonly reading: boolean;
  /** Set once it is over. */
  readonly ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  /** Its last words on stderr. */
  readonly errors: string;
  signal(name: NodeJS.Signals): void;
  /** Waits until `condition` holds or the life is over; false after `timeoutMs`. */
  until(condition: (life: Life) => boolean, timeoutMs: number): Promise<boolean>;
}

const childFile = fileURLToPath(new URL('child.ts', import.meta.url));
const maxErrorChars = 4_000;

/** Starts one. It dies with this process. */
export const startLife = (orders: ChildOrders): Life => {
  const child = spawn(process.execPath, [childFile, JSON.stringify(orders)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
  });
  let report: ChildReport | undefined;
  let reading = false;
  let ended: Life['ended'];
  let errors = '';
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-maxErrorChars);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    // A killed process may leave half a line behind.
    if (line === '"reading"') reading = true;
    else if (line.startsWith('{') && line.endsWith('}')) report = JSON.parse(line) as ChildReport;
  });
  child.once('exit', (code, signal) => {
    ended = { code, signal };
  });
  const life: Life = {
    pid: child.pid ?? -1,
    get report() {
      return report;
    },
    get reading() {
      return reading;
    },
    get ended() {
      return ended;
    },
    get errors() {
      return errors;
    },
    signal: (name) => void child.kill(name),
    until: async (condition, timeoutMs) => {
      const limit = performance.now() + timeoutMs;
      while (!condition(life)) {
        if (ended !== undefined || performance.now() > limit) return false;
        await delay(10);
      }
      return true;
    },
  };
  return life;
};

/** Waits for its end, by force after `timeoutMs`. */
export const endOf = async (life: Life, timeoutMs: number): Promise<NonNullable<Life['ended']>> => {
  await life.until((one) => one.ended !== undefined, timeoutMs);
  if (life.ended === undefined) life.signal('SIGKILL');
  while (life.ended === undefined) await delay(5);
  return life.ended;
};
