import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A `skyflow` as a person would start it, for end-to-end tests. */
export interface SkyflowProcess {
  readonly child: ChildProcess;
  /** Everything written so far. */
  stdout(): string;
  stderr(): string;
  /** The exit status once it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

const mainFile = fileURLToPath(new URL('main.ts', import.meta.url));

/** Variables of ours that the surroundings of a test may have set; each would change what is tested. */
const ours = /^(?:SKYFLOW_|CLICKHOUSE_|DATABASE_URL|REDIS_URL|NATS_URL|LOG_LEVEL|NO_COLOR)/;

/** Starts `skyflow ARGS`. Whoever starts it ends it: `child.kill()`. */
export const startSkyflow = (args: readonly string[], env: Readonly<Record<string, string>> = {}): SkyflowProcess => {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', mainFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => void child.once('close', (code) => resolve(code)));
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
};

/** Runs `skyflow ARGS` to its end. */
export const runSkyflow = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const run = startSkyflow(args, env);
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
};
