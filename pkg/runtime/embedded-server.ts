import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, ChildError, startChild } from '#pkg/runtime/child.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { freePort, isPortFree } from '#pkg/runtime/free-port.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** Where an embedded server answers. The secret is new at every start of ours, and lives in memory and in one 0600 file. */
export interface Endpoint {
  /** On 127.0.0.1. */
  port: number;
  /** 48 hexadecimal digits: safe in every configuration syntax and URL. */
  secret: string;
}

/** A server program that we run for ourselves. */
export interface EmbeddedServerOptions {
  /** For people: `Redis`. */
  name: string;
  /** The program's possible names, best first. */
  programs: readonly string[];
  /** The option that would name a server of somebody else's: `REDIS_URL`. */
  variable: string;
  /** Oldest version that will do, for people. */
  oldest: string;
  /** Absolute, existing, for this server alone. */
  folder: string;
  /** Arguments, given the configuration file's path. */
  args(configFile: string): string[];
  /** The configuration file's content. */
  config(endpoint: Endpoint): string;
  /** One try to talk to it; rejects when it is not ready. Only our own server knows the secret, so a stranger fails here. */
  probe(endpoint: Endpoint): Promise<void>;
  log: Logger;
  /** Default: freePort. */
  choosePort?: () => Promise<number>;
}

/** A running embedded server. */
export interface EmbeddedServer extends Endpoint {
  readonly child: Child;
  stop(): Promise<void>;
}

const PORT_TRIES = 5;
const PROBE_EVERY_MS = 20;

/**
 * Starts the server as a child on a free loopback port and waits until it answers.
 * @throws UserError when the program is not installed or does not come up
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { name, programs, variable, choosePort = freePort } = options;
  const command = findExecutable(programs);
  if (command === undefined) {
    throw new UserError(`${programs[0]} cannot be found.`, {
      hint: `Start with \`npm start\`, which installs it, or install it yourself, or set ${variable}.`,
    });
  }
  for (let tries = 1; ; tries += 1) {
    const endpoint = { port: await choosePort(), secret: randomBytes(24).toString('hex') };
    try {
      const child = await startOn(options, command, endpoint);
      return { ...endpoint, child, stop: () => child.stop() };
    } catch (error) {
      if (!(error instanceof ChildError)) throw error;
      // Between our look at the port and the server's, somebody else may have taken it.
      if (tries < PORT_TRIES && !(await isPortFree(endpoint.port))) continue;
      throw new UserError(`${name} does not start: ${error.message}${lastWords(error)}.`, {
        hint: `Its data is in ${options.folder}; it must be version ${options.oldest} or newer. Or set ${variable}.`,
        cause: error,
      });
    }
  }
}

async function startOn(options: EmbeddedServerOptions, command: string, endpoint: Endpoint): Promise<Child> {
  const { name, folder, log } = options;
  const configFile = join(folder, 'server.conf');
  await writeFile(`${configFile}.new`, options.config(endpoint), { mode: 0o600 });
  await rename(`${configFile}.new`, configFile);
  return startChild({
    name,
    command,
    args: options.args(configFile),
    cwd: folder,
    pidFile: join(folder, 'server.pid'),
    log,
    // A large data set takes its time to load.
    readyTimeoutMs: 120_000,
    async ready(signal) {
      while (!signal.aborted && !(await succeeds(() => options.probe(endpoint)))) {
        await systemClock.sleep(PROBE_EVERY_MS, signal);
      }
    },
  });
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

function lastWords(error: ChildError): string {
  const words = error.output.slice(-3).join(' / ');
  return words === '' ? '' : ` (its last words: ${words})`;
}
