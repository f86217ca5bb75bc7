const DAY_MS = 86_400_000;
const GB = 1024 ** 3;
const MB = 1024 ** 2;

/** A stream as it should be on the server. Limits that are absent are unlimited. */
export interface StreamSpec {
  readonly subjects: readonly string[];
  readonly storage: 'file' | 'memory';
  /** `interest`: a message goes once every durable that wants it has acknowledged it. `limits`: it goes by age and size. */
  readonly retention: 'limits' | 'interest';
  readonly maxAgeMs: number;
  readonly maxMessages?: number;
  readonly maxBytes?: number;
  readonly maxMessageBytes?: number;
  /** Within this time a repeated message id is recognised. */
  readonly duplicateWindowMs: number;
}

/** All streams. A full one drops its oldest messages. */
export const STREAMS = {
  USER: {
    subjects: ['events.user.>'],
    storage: 'file',
    retention: 'limits',
    maxAgeMs: 365 * DAY_MS,
    maxMessages: 1_000_000,
    maxBytes: 10 * GB,
    duplicateWindowMs: 120_000,
  },
  SUBSCRIPTION: {
    subjects: ['events.subscription.>'],
    storage: 'file',
    retention: 'limits',
    maxAgeMs: 730 * DAY_MS,
    duplicateWindowMs: 300_000,
  },
  TIMELINE: {
    subjects: ['events.timeline.>'],
    storage: 'file',
    // Not a work queue: event-router reads it too (decision 0013).
    retention: 'interest',
    maxAgeMs: 7 * DAY_MS,
    maxMessageBytes: 5 * MB,
    duplicateWindowMs: 60_000,
  },
  GAMIFICATION: {
    subjects: ['events.gamification.>', 'events.xp.>', 'events.achievement.>', 'events.streak.>'],
    storage: 'file',
    retention: 'limits',
    maxAgeMs: 365 * DAY_MS,
    maxMessages: 5_000_000,
    maxBytes: 50 * GB,
    duplicateWindowMs: 30_000,
  },
  REALTIME: {
    subjects: ['events.realtime.>'],
    storage: 'memory',
    retention: 'limits',
    maxAgeMs: 300_000,
    // Below the embedded server's max_memory_store: a burst drops the oldest frames instead of refusing new ones.
    maxBytes: 48 * MB,
    duplicateWindowMs: 10_000,
  },
  DLQ: {
    subjects: ['dlq.>'],
    storage: 'file',
    retention: 'limits',
    maxAgeMs: 30 * DAY_MS,
    // Longer than ack_wait and the longest wait before a repeated dead letter.
    duplicateWindowMs: 600_000,
  },
} as const satisfies Record<string, StreamSpec>;

export type StreamName = keyof typeof STREAMS;

/** A durable pull consumer: a place in a stream that the server keeps. */
export interface DurableSpec {
  readonly durable: string;
  readonly stream: StreamName;
  /** One filter; servers before 2.10 know no list. */
  readonly filter: string;
}

/**
 * All durables. A name may stand in several streams (event-router). All are made at the first start of anything, so that
 * TIMELINE keeps messages also for a service that does not run yet.
 */
export const DURABLES = [
  { durable: 'user-indexer', stream: 'USER', filter: 'events.user.>' },
  { durable: 'subscription-processor', stream: 'SUBSCRIPTION', filter: 'events.subscription.>' },
  { durable: 'timeline-processor', stream: 'TIMELINE', filter: 'events.timeline.requested' },
  { durable: 'timeline-xp-awarder', stream: 'TIMELINE', filter: 'events.timeline.completed' },
  { durable: 'leaderboard-updater', stream: 'GAMIFICATION', filter: 'events.xp.>' },
  { durable: 'achievement-checker', stream: 'GAMIFICATION', filter: 'events.xp.>' },
  { durable: 'realtime-gateway', stream: 'REALTIME', filter: 'events.realtime.>' },
  { durable: 'event-router', stream: 'USER', filter: 'events.user.>' },
  { durable: 'event-router', stream: 'SUBSCRIPTION', filter: 'events.subscription.>' },
  { durable: 'event-router', stream: 'TIMELINE', filter: 'events.timeline.>' },
  { durable: 'event-router', stream: 'GAMIFICATION', filter: '' },
  { durable: 'event-router', stream: 'DLQ', filter: 'dlq.>' },
] as const satisfies readonly DurableSpec[];

export type DurableName = (typeof DURABLES)[number]['durable'];

/** What all durables have in common. */
export const DURABLE_LIMITS = {
  /** How long the server waits for an answer before it delivers again, unless told that work goes on. */
  ackWaitMs: 60_000,
  /** How many messages of one durable may be out at once, over all processes. */
  maxAckPending: 100,
  /** How often a handler gets one message. */
  maxAttempts: 3,
  /** The server's own limit: none. Beyond `maxAttempts` a delivery is for the dead letter, and that may itself need repeating (decision 0013). */
  maxDeliver: -1,
} as const;

/** The stream that takes a subject, or undefined. */
export function streamOf(subject: string): StreamName | undefined {
  const names = Object.keys(STREAMS) as StreamName[];
  return names.find((name) =>
    STREAMS[name].subjects.some(
      (pattern) => subject.startsWith(pattern.slice(0, -1)) && subject.length >= pattern.length,
    ),
  );
}

/**
 * The durable of this name, in `stream` where it stands in several.
 * @throws Error when the table has none, or several and no stream is said
 */
export function findDurable(durable: DurableName, stream?: StreamName): DurableSpec {
  const found: DurableSpec[] = DURABLES.filter(
    (spec) => spec.durable === durable && (stream === undefined || spec.stream === stream),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`${durable} stands in ${found.length} streams: ${found.map((spec) => spec.stream).join(', ')}`);
  }
  return only;
}

/**
 * Checks that a durable's filter lets all these subjects through.
 * @throws Error when it never brings one of them
 */
export function checkBrings(spec: DurableSpec, subjects: readonly string[]): void {
  const strange = subjects.find((subject) => !brings(spec, subject));
  if (strange !== undefined) throw new Error(`${spec.durable} never gets ${strange}`);
}

function brings({ stream, filter }: DurableSpec, subject: string): boolean {
  if (filter === '') return streamOf(subject) === stream;
  return filter.endsWith('>') ? subject.startsWith(filter.slice(0, -1)) : subject === filter;
}
