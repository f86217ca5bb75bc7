import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const started = z.object({
  url: z.string(),
  count: z.number(),
  bytesPerFrame: z.number(),
  firstUs: z.number(),
  endUs: z.number(),
});

/** The raw frame server in a process of its own, as a host would be. */
export type RawServerProcess = z.infer<typeof started> & { stop(): void };

const main = fileURLToPath(new URL('../simulator/raw-main.ts', import.meta.url));

/** Starts it with `count` frames of a world of `seed`; it ends with this process. */
export const startRawServer = async (options: {
  readonly count: number;
  readonly seed: number;
}): Promise<RawServerProcess> => {
  const child = spawn(
    process.execPath,
    [main, '--count', String(options.count), '--seed', String(options.seed), '--until-stdin-ends'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...started.parse(JSON.parse(line)), stop: () => child.stdin.end() };
  }
  throw new Error('the raw server ended before it was ready');
};
