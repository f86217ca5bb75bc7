/** What one gateway process allows itself and its clients. */
export interface GatewayLimits {
  /** Connections of this process; one more gets 503. A connection costs one file descriptor (`ulimit -n`). */
  readonly maxConnections: number;
  /** Events that wait for one connection beyond what its socket takes, after which the newest are dropped. */
  readonly bufferEvents: number;
  /** A connection whose socket took nothing for this long is cut. */
  readonly stallTimeoutMs: number;
  readonly heartbeatMs: number;
  /** How long a standard client waits before it connects again, sent as `retry:`. */
  readonly retryMs: number;
  /** At a shutdown each client is told a pause between these two, so that they do not all return at once. */
  readonly shutdownRetryMs: { readonly min: number; readonly max: number };
  /** How often open connections are checked against the sessions they were opened with. */
  readonly sessionCheckMs: number;
  /** How often presence is written again; its keys live for an hour. */
  readonly presenceRefreshMs: number;
  /** How often the end of the stream is compared with what has arrived. */
  readonly streamCheckMs: number;
  /** How long a hole in the sequence may close by itself before it is read from the stream. */
  readonly holeWaitMs: number;
  /** Bounds of the events kept in memory for replay. More than the embedded NATS can hold (64 MB in all streams). */
  readonly historyEvents: number;
  readonly historyBytes: number;
  /** Data of one frame as JSON, in UTF-16 units; larger data is left out of the frame, which then says so. */
  readonly maxDataLength: number;
  /** How long a request waits for the gateway to know the stream, after a start. */
  readonly readyWaitMs: number;
}

/** The defaults, by which docs/operations.md and the tests go. */
export const DEFAULT_LIMITS: GatewayLimits = {
  maxConnections: 20_000,
  bufferEvents: 100,
  stallTimeoutMs: 60_000,
  heartbeatMs: 30_000,
  retryMs: 3_000,
  shutdownRetryMs: { min: 1_000, max: 10_000 },
  sessionCheckMs: 60_000,
  presenceRefreshMs: 600_000,
  streamCheckMs: 1_000,
  holeWaitMs: 50,
  historyEvents: 200_000,
  historyBytes: 96 * 1024 * 1024,
  maxDataLength: 64 * 1024,
  readyWaitMs: 10_000,
};
