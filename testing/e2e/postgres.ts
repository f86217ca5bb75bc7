import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type Child, startChild } from '../../pkg/runtime/child.ts';
import { systemClock } from '../../pkg/runtime/clock.ts';
import { findExecutable } from '../../pkg/runtime/find-executable.ts';
import { freePort } from '../../pkg/runtime/free-port.ts';
import type { Logger } from '../../pkg/runtime/log.ts';
import { findPostgres } from './postgres-programs.mjs';

/** A PostgreSQL server for one test: an empty cluster, gone afterwards. */
export interface ThrowawayPostgres extends AsyncDisposable {
  /** With the password, as the superuser. */
  readonly url: string;
}

const run = promisify(execFile);

/** Starts an empty cluster in `folder`, which must exist and be enterable by others. */
export const startPostgres = async (folder: string, log: Logger): Promise<ThrowawayPostgres> => {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed: run `node testing/e2e/setup.mjs`');
  const home = join(folder, 'postgres');
  await mkdir(home, { mode: 0o700 });
  const owner = await unprivileged();
  if (owner !== undefined) await chown(home, owner.uid, owner.gid);
  const password = randomBytes(24).toString('hex');
  const cluster = join(home, 'cluster');
  await initialise({ initdb: programs.initdb, cluster, password, owner });
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const [command, ...args] = [...(owner?.prefix ?? []), programs.postgres, '-D', cluster, ...settings(port)];
  const child: Child = await startChild({
    name: 'PostgreSQL',
    command: command as string,
    args,
    cwd: home,
    pidFile: join(folder, 'postgres.pid'),
    log,
    ready: async (signal) => {
      while (!signal.aborted && !(await answers(url))) await systemClock.sleep(20, signal);
    },
  });
  return { url, [Symbol.asyncDispose]: () => child.stop() };
};

/** What happens on a power cut is of no interest here; that it is quick is. */
const settings = (port: number): string[] => {
  const wanted = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // On SIGTERM the server waits for its clients to leave; those of a test that failed never do.
    idle_session_timeout: '0',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
  };
  return Object.entries(wanted).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
};

interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** What to put before a command so that it runs as this user, in the same process. */
  readonly prefix: readonly string[];
}

/** PostgreSQL refuses to run as root. Undefined: we are not, and run it as ourselves. */
const unprivileged = async (): Promise<Owner | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const setpriv = findExecutable(['setpriv']);
  if (setpriv === undefined) throw new Error('setpriv, of util-linux, is not installed');
  const [uid = 0, gid = 0] = await Promise.all(
    ['-u', '-g'].map(async (which) => Number((await run('id', [which, 'postgres'])).stdout)),
  );
  return { uid, gid, prefix: [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'] };
};

const initialise = async (given: {
  initdb: string;
  cluster: string;
  password: string;
  owner: Owner | undefined;
}): Promise<void> => {
  const { initdb, cluster, password, owner } = given;
  const passwordFile = `${cluster}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (owner !== undefined) await chown(passwordFile, owner.uid, owner.gid);
  const options = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const quick = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  const [command, ...args] = [...(owner?.prefix ?? []), initdb, '-D', cluster, ...options, ...quick];
  await run(command as string, args, { cwd: '/' });
};

const answers = async (url: string): Promise<boolean> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 500 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};
