import { connect } from '@nats-io/transport-node';
import { type EmbeddedServer, type Endpoint, startEmbeddedServer } from '#pkg/runtime/embedded-server.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** Options of `startEmbeddedNats`. */
export interface EmbeddedNatsOptions {
  /** Absolute, existing, for NATS alone. */
  folder: string;
  log: Logger;
  /** Default: any free loopback port. */
  choosePort?: () => Promise<number>;
}

/** A NATS server of our own, with JetStream. */
export interface EmbeddedNats extends EmbeddedServer {
  /** With the token. */
  readonly url: string;
}

/**
 * Starts nats-server with JetStream on a free loopback port, its streams as files in `folder`.
 * @throws UserError when it is not installed or does not start
 */
export async function startEmbeddedNats({ folder, log, choosePort }: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const server = await startEmbeddedServer({
    name: 'NATS',
    programs: ['nats-server'],
    variable: 'NATS_URL',
    oldest: '2.9',
    folder,
    log,
    args: (configFile) => ['-c', configFile],
    config: (endpoint) => configuration(folder, endpoint),
    probe,
    ...(choosePort === undefined ? {} : { choosePort }),
  });
  return { ...server, url: `nats://${server.secret}@127.0.0.1:${server.port}` };
}

async function probe({ port, secret }: Endpoint): Promise<void> {
  const nc = await connect({ servers: `127.0.0.1:${port}`, token: secret, reconnect: false, timeout: 1_000 });
  await nc.close();
}

function configuration(folder: string, { port, secret }: Endpoint): string {
  return `# Written anew at every start.
listen: "127.0.0.1:${port}"
server_name: "skyflow"
authorization { token: "${secret}" }
jetstream {
  store_dir: ${quoted(folder)}
  # Said outright: the default follows the free disk space, and a stream that was made when there was more would not load.
  # Above the sum of what the streams may grow to (pkg/bus/stream-table.ts): the server refuses a stream beyond it. It takes
  # no room on the disk.
  max_file_store: 64GB
  max_memory_store: 64MB
}
`;
}

function quoted(text: string): string {
  return `"${text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)}"`;
}
