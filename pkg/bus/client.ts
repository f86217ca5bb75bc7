import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { AuthorizationError, type NatsConnection, connect } from '@nats-io/transport-node';
import { parseNatsUrl } from '#pkg/bus/address.ts';
import { type EmbeddedNats, startEmbeddedNats } from '#pkg/bus/embedded.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { reach } from '#pkg/runtime/reach.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';
import { orLate } from '#pkg/runtime/waiting.ts';

/** Options of `openBus`: one of `url` and `dataDir` is needed, `url` wins. */
export interface OpenBusOptions {
  /** `nats://` or `tls://`, several separated by commas. */
  url?: string | undefined;
  /** The data folder; an embedded server keeps its files in `<dataDir>/nats`. */
  dataDir?: string | undefined;
  log: Logger;
  /** How long to wait for the server at `url`; default 30 s. */
  startTimeoutMs?: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/** An open connection with JetStream, and the server behind it where it is ours. */
export interface Bus {
  /** Reconnects for ever. A request rejects after its own timeout. */
  nc: NatsConnection;
  /** Publishing and consuming; a publish without an answer rejects after 5 s. */
  js: JetStreamClient;
  /** Streams and consumers. */
  jsm: JetStreamManager;
  /** With the token or password: not for logs. */
  url: string;
  embedded: boolean;
  /** Since when (ms since 1970) there is no connection, or undefined while there is. */
  readonly downSinceMs: number | undefined;
  /** Sends what is buffered, closes the connection, then stops the embedded server. Safe to call twice. */
  close(): Promise<void>;
}

const OLDEST = [2, 9] as const;
const REQUEST_TIMEOUT_MS = 5_000;
const RECONNECT_POLL_MS = 50;

/** Resolves while there is a connection; rejects with an AbortError when `signal` aborts before. */
export async function untilConnected(bus: Pick<Bus, 'downSinceMs'>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (bus.downSinceMs !== undefined) await clock.sleep(RECONNECT_POLL_MS, signal);
}

/**
 * Connects to the NATS server at `url`, or starts one of our own under `dataDir`.
 * @throws UserError when it cannot be reached in time, refuses us, has no JetStream, is too old, or does not start
 */
export async function openBus(options: OpenBusOptions): Promise<Bus> {
  const { url: given, log, signal, startTimeoutMs = 30_000 } = options;
  const server = given === undefined ? await startOwn(options) : undefined;
  const url = given ?? server?.url ?? '';
  try {
    return await reach({ name: 'NATS', url, variable: 'NATS_URL', timeoutMs: startTimeoutMs, log, signal }, () =>
      connectOnce(url, server, log),
    );
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

async function startOwn({ dataDir, log }: OpenBusOptions): Promise<EmbeddedNats> {
  if (dataDir === undefined) {
    throw new UserError('There is no NATS to use.', { hint: 'Set NATS_URL, or give a data folder with --data-dir.' });
  }
  const folder = join(dataDir, 'nats');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return startEmbeddedNats({ folder, log });
}

async function connectOnce(url: string, server: EmbeddedNats | undefined, log: Logger): Promise<Bus> {
  let nc: NatsConnection | undefined;
  try {
    nc = await connect({
      ...parseNatsUrl(url),
      name: 'skyflow',
      timeout: REQUEST_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectDelayHandler: () => 100 + Math.random() * 900,
      // A server that was cut off silently is noticed within a minute, not within six.
      pingInterval: 20_000,
      // A server that restarts may answer before it knows its users; it is no reason to stay away for ever.
      ignoreAuthErrorAbort: true,
      // They cost two stack traces for each request, and tell who asked; our own errors say that.
      noAsyncTraces: true,
    });
    checkVersion(nc, url);
    const jsm = await jetstreamManager(nc, { timeout: REQUEST_TIMEOUT_MS });
    const js = jetstream(nc, { timeout: REQUEST_TIMEOUT_MS });
    return handle({ nc, js, jsm, url, server, log });
  } catch (error) {
    await nc?.close();
    throw refusal(error, url);
  }
}

interface Parts {
  nc: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  url: string;
  server: EmbeddedNats | undefined;
  log: Logger;
}

function handle({ nc, js, jsm, url, server, log }: Parts): Bus {
  const watch = watchConnection(nc, log);
  let closing: Promise<void> | undefined;
  return {
    nc,
    js,
    jsm,
    url,
    embedded: server !== undefined,
    get downSinceMs() {
      return watch.downSinceMs();
    },
    close() {
      closing ??= (async () => {
        // Draining needs a connection; without one it would wait for the next.
        if (watch.downSinceMs() === undefined && !nc.isClosed()) {
          // A server that hangs must not keep us from ending.
          await orLate(
            nc.drain().catch(() => undefined),
            REQUEST_TIMEOUT_MS,
            undefined,
          );
        }
        await nc.close();
        await server?.stop();
      })();
      return closing;
    },
  };
}

/** Says once that the connection is lost and once that it is back, whatever number of tries lies between. */
function watchConnection(nc: NatsConnection, log: Logger) {
  let downSinceMs: number | undefined;
  const watching = async () => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect' && downSinceMs === undefined) {
        downSinceMs = Date.now();
        log.warn({ server: status.server }, 'the connection to NATS is lost; reconnecting');
      } else if (status.type === 'reconnect') {
        log.info({ downMs: Date.now() - (downSinceMs ?? Date.now()) }, 'NATS is back');
        downSinceMs = undefined;
      } else if (status.type === 'error') {
        log.warn({ err: status.error }, 'NATS reports an error');
      }
    }
  };
  watching().catch((error: unknown) => log.error({ err: error }, 'the watch over the NATS connection failed'));
  return { downSinceMs: () => downSinceMs };
}

function checkVersion(nc: NatsConnection, url: string): void {
  const version = nc.info?.version ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new UserError(`NATS at ${redactUrl(url)} is ${version}; Skyflow needs ${OLDEST.join('.')} or newer.`, {
    hint: 'Upgrade it, or unset NATS_URL to let Skyflow run its own.',
  });
}

/** Turns an answer that waiting will not change into a sentence; anything else is passed on to be tried again. */
function refusal(error: unknown, url: string): unknown {
  if (error instanceof AuthorizationError) {
    return new UserError(`NATS at ${redactUrl(url)} refuses us: ${error.message}.`, {
      hint: 'Correct the user, the password or the token in NATS_URL.',
      cause: error,
    });
  }
  // The class itself is not exported.
  if (error instanceof Error && error.name === 'JetStreamNotEnabled') {
    return new UserError(`NATS at ${redactUrl(url)} runs without JetStream.`, {
      hint: 'Start that server with -js, or unset NATS_URL to let Skyflow run its own.',
      cause: error,
    });
  }
  return error;
}
