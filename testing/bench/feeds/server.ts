import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ready = z.object({ port: z.number(), ranked: z.record(z.string(), z.number()).optional() });

/** A server of the benchmark, on a core of its own. */
export interface BenchServer extends AsyncDisposable {
  readonly ready: z.infer<typeof ready>;
}

/** Servers have the first core; whoever asks has the others. Without `taskset`, or with one core, they share. */
const cores = availableParallelism();
const canPin = process.platform === 'linux' && cores > 1;
const everything = `0-${cores - 1}`;

/** From now on this process leaves the first core to the server. */
export const loadOnOtherCores = (): void => {
  if (canPin) spawnSync('taskset', ['-acp', `1-${cores - 1}`, String(process.pid)]);
};

/** Starts one of the processes beside this file and waits for its line. */
export const startServer = async (
  file: string,
  args: readonly string[],
  where: 'one core' | 'all cores',
): Promise<BenchServer> => {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const line = [process.execPath, '--disable-warning=ExperimentalWarning', script, ...args];
  const [program = '', ...rest] = canPin ? ['taskset', '-c', where === 'one core' ? '0' : everything, ...line] : line;
  const child = spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`${file} ended before it listened`);
  return {
    ready: ready.parse(JSON.parse(value)),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
};
