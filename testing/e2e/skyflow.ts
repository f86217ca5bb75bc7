import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askSql, askStatus } from '../../pkg/admin/client.ts';
import { adminSocketPath } from '../../pkg/admin/socket-path.ts';
import type { StatusReport } from '../../pkg/indexer/status.ts';
import { startChild } from '../../pkg/runtime/child.ts';
import { systemClock } from '../../pkg/runtime/clock.ts';
import { freePort } from '../../pkg/runtime/free-port.ts';
import { createLogger } from '../../pkg/runtime/log.ts';

/** A real `skyflow up`, as a process of its own. */
export interface Skyflow extends AsyncDisposable {
  /** Its public URL: pages, API, feeds. The AppView reaches it there too. */
  readonly url: string;
  /** `did:web:localhost%3APORT`: what a feed's record names as its service. */
  readonly did: string;
  readonly dataDir: string;
  /** Where the operator's own feeds are looked for: empty at first. */
  readonly feedsDir: string;
  /** How often it ended by itself. Anything but 0 is a bug. */
  readonly restarts: number;
  /** The last lines it wrote, for the message of a test that fails. */
  lastLines(): string;
  status(): Promise<StatusReport>;
  /** The rows of a query. Ids and keys lose digits on the way unless the query says `toString`. */
  sql<Row>(query: string): Promise<Row[]>;
}

/** Whom it reads from and whom it asks for identities. */
export interface SkyflowOptions {
  /** Existing; everything it writes goes below. */
  readonly folder: string;
  readonly jetstreamUrl: string;
  readonly plcUrl: string;
}

const mainFile = fileURLToPath(new URL('../../cmd/skyflow/main.ts', import.meta.url));
const KEPT_LINES = 60;

/** Starts it and waits until it reads the host. It ends with this process, however that ends. */
export const startSkyflow = async (options: SkyflowOptions): Promise<Skyflow> => {
  const [dataDir, feedsDir] = [join(options.folder, 'data'), join(options.folder, 'feeds')];
  await Promise.all([mkdir(dataDir), mkdir(feedsDir)]);
  const socket = adminSocketPath(dataDir);
  if (socket === undefined) throw new Error(`the path of ${dataDir} is too long for a socket; set a shorter TMPDIR`);
  const [port, metricsPort] = [await freePort(), await freePort()];
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(`${(JSON.parse(line) as { msg: string }).msg}\n`);
    if (lines.length > KEPT_LINES) lines.shift();
  };
  const log = createLogger({ level: 'debug', write: keep });
  const status = async (): Promise<StatusReport | undefined> => (await askStatus(socket)) as StatusReport | undefined;
  const args = argumentsOf({ ...options, dataDir, feedsDir, port, metricsPort });
  const starting = startChild({
    name: 'Skyflow',
    command: process.execPath,
    args,
    // As scripts/skyflow.mjs has it.
    env: { UV_THREADPOOL_SIZE: '16' },
    cwd: options.folder,
    pidFile: join(options.folder, 'skyflow.pid'),
    log,
    readyTimeoutMs: 120_000,
    stopTimeoutMs: 20_000,
    ready: async (signal) => {
      while (!signal.aborted && (await status())?.link?.connected !== true) await systemClock.sleep(50, signal);
    },
  });
  const child = await starting.catch((error: unknown) => {
    throw new Error(`Skyflow does not come up\n${lines.join('')}`, { cause: error });
  });
  return {
    url: `http://localhost:${port}`,
    did: `did:web:localhost%3A${port}`,
    dataDir,
    feedsDir,
    get restarts() {
      return child.restarts;
    },
    lastLines: () => lines.join(''),
    async status() {
      const report = await status();
      if (report === undefined) throw new Error(`Skyflow does not answer\n${lines.join('')}`);
      return report;
    },
    async sql<Row>(query: string) {
      const outcome = await askSql(socket, { query, format: 'JSONEachRow', write: false });
      if (outcome === undefined) throw new Error(`Skyflow does not answer\n${lines.join('')}`);
      if (!outcome.ok) throw new Error(`${outcome.problem.message}\nin: ${query}`);
      const rows = outcome.output.split('\n').filter((line) => line !== '');
      return rows.map((line) => JSON.parse(line) as Row);
    },
    [Symbol.asyncDispose]: () => child.stop(),
  };
};

interface Given extends SkyflowOptions, Pick<Skyflow, 'dataDir' | 'feedsDir'> {
  readonly port: number;
  readonly metricsPort: number;
}

const argumentsOf = (given: Given): string[] => {
  const values = {
    jetstream: given.jetstreamUrl,
    'data-dir': given.dataDir,
    'feeds-dir': given.feedsDir,
    port: String(given.port),
    'metrics-port': String(given.metricsPort),
    'plc-url': given.plcUrl,
    'flush-interval': '200ms',
  };
  const options = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  return ['--disable-warning=ExperimentalWarning', mainFile, 'up', ...options, '--allow-private-hosts', '--no-install'];
};
