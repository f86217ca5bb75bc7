import { wantedCollections } from '#pkg/atproto/collections.ts';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type ConnectionEnd, JetstreamConnection } from './connection.ts';
import { believedAheadUs, type EventSource, type SourceChunk } from './types.ts';

/** What the source is doing, for `status`, metrics and the terminal. */
export interface LinkState {
  readonly host: string;
  readonly connected: boolean;
  /** Since when it is (dis)connected. */
  readonly sinceMs: number;
  readonly connections: number;
  readonly lastEnd: string | undefined;
}

export interface JetstreamOptions {
  /** Full subscription endpoints, tried in this order. */
  readonly urls: readonly string[];
  readonly silenceMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  onState?(state: LinkState): void;
}

/**
 * How far a reconnect goes back behind the newest event: `time_us` is not monotonic (31 ms back were seen), and another
 * host stamps the same events a little differently. Everything downstream takes repetitions.
 */
export const rewindUs = { sameHost: 5_000_000, otherHost: 60_000_000 } as const;

const hostOf = (url: string): string => new URL(url).host;

/**
 * The live network, from one of several hosts: stays with the one that works, moves on when it cannot be reached, or is
 * silent for too long. Tries for ever.
 */
export const jetstreamSource = (options: JetstreamOptions): EventSource => ({
  name: options.urls.map(hostOf).join(', '),
  resumable: true,
  chunks: (fromUs, signal) => readHosts(options, fromUs, signal),
});

async function* readHosts(
  options: JetstreamOptions,
  fromUs: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<SourceChunk> {
  const { clock, urls } = options;
  const wait = backoff({ minMs: 250, maxMs: 15_000, clock });
  const report = reporter(options);
  // Without a cursor the time between a failed first connection and the next would be lost.
  const startUs = fromUs ?? clock.nowMs() * 1000;
  let newestUs = 0;
  let newestHost = '';
  for (let host = 0, connection = 1; !signal.aborted; connection += 1) {
    const url = urls[host % urls.length] as string;
    const rewind = hostOf(url) === newestHost ? rewindUs.sameHost : rewindUs.otherHost;
    const cursorUs = newestUs === 0 ? startUs : newestUs - rewind;
    const link = new JetstreamConnection({
      url,
      collections: wantedCollections,
      cursorUs,
      silenceMs: options.silenceMs,
      clock,
      onOpen: () => report.connected(hostOf(url), connection),
    });
    const stop = () => link.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      link.open();
      for (let items = await link.take(); items !== undefined; items = await link.take()) {
        newestHost = hostOf(url);
        newestUs = newest(items, newestUs, clock);
        yield { origin: newestHost, connection, items };
      }
    } finally {
      signal.removeEventListener('abort', stop);
      link.stop();
    }
    if (signal.aborted) return;
    report.ended(hostOf(url), connection, link.ended);
    if (link.delivered) wait.reset();
    if (!link.delivered || link.ended.why === 'silent') host += 1;
    await pause(wait, signal);
  }
}

const pause = async (wait: ReturnType<typeof backoff>, signal: AbortSignal): Promise<void> => {
  try {
    await wait.next(signal);
  } catch (error) {
    if (!isAbortError(error)) throw error;
  }
};

const newest = (items: readonly unknown[], before: number, clock: Clock): number => {
  const limitUs = clock.nowMs() * 1000 + believedAheadUs;
  let newestUs = before;
  for (const item of items) {
    const timeUs = (item as { time_us?: unknown } | null)?.time_us;
    if (typeof timeUs === 'number' && timeUs > newestUs && timeUs < limitUs) newestUs = timeUs;
  }
  return newestUs;
};

const describeEnd = (end: ConnectionEnd): string => {
  switch (end.why) {
    case 'silent':
      return `it sent nothing for ${Math.round(end.silentMs / 1000)} s`;
    case 'failed':
      return end.error.message === '' ? 'the connection failed' : end.error.message;
    case 'closed':
      return 'it closed the connection';
    case 'stopped':
      return 'stopped';
  }
};

const reporter = (options: JetstreamOptions) => {
  const { clock, log } = options;
  let connected = false;
  let sinceMs = clock.nowMs();
  return {
    connected: (host: string, connections: number) => {
      connected = true;
      sinceMs = clock.nowMs();
      log.info({ host, connection: connections }, 'connected to Jetstream');
      options.onState?.({ host, connected, sinceMs, connections, lastEnd: undefined });
    },
    ended: (host: string, connections: number, end: ConnectionEnd) => {
      if (connected) sinceMs = clock.nowMs();
      connected = false;
      const lastEnd = describeEnd(end);
      const offlineSeconds = Math.round((clock.nowMs() - sinceMs) / 1000);
      log.warn({ host, reason: lastEnd, offlineSeconds }, 'Jetstream connection ended: trying again');
      options.onState?.({ host, connected, sinceMs, connections, lastEnd });
    },
  };
};
