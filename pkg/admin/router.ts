import { z } from 'zod';
import { type Outcome, outcomeOf } from './outcome.ts';

/** A subject, or the beginning of some: `events.xp.>`. */
const subject = z.string().min(1).max(300);
const id = z.string().min(1).max(2048);
/** ms since 1970. */
const sinceMs = z.number().min(0).max(253_402_300_799_999);

/** What `POST /router` takes: one question or order about dead letters and the audit log. */
export const routerRequest = z.discriminatedUnion('action', [
  /** At least one of the three; all that are given must hold. */
  z.object({
    action: z.literal('replay'),
    eventId: id.optional(),
    subject: subject.optional(),
    sinceMs: sinceMs.optional(),
    /** Those too that were replayed before. */
    again: z.boolean(),
    /** Only say what would be done. */
    dryRun: z.boolean(),
  }),
  z.object({
    action: z.literal('dead_letters'),
    subject: subject.optional(),
    sinceMs: sinceMs.optional(),
    limit: z.int().min(1).max(1000),
  }),
  /** The number of a dead letter, or an event's id. */
  z.object({ action: z.literal('dead_letter'), id }),
  /** The id of a request, an event or an analysis. */
  z.object({ action: z.literal('trace'), id }),
  /** At least one of the three. */
  z.object({
    action: z.literal('audit'),
    about: id.optional(),
    subject: subject.optional(),
    sinceMs: sinceMs.optional(),
    limit: z.int().min(1).max(1000),
  }),
]);

export type RouterRequest = z.infer<typeof routerRequest>;
export type RouterAction = RouterRequest['action'];

/** ISO 8601, UTC. */
const time = z.string();
const json = z.record(z.string(), z.json());

/** A dead letter. Texts that are not known are empty. */
const deadLetter = z.object({
  id: z.number(),
  eventId: z.string(),
  correlationId: z.string(),
  subject: z.string(),
  durable: z.string(),
  attempts: z.number(),
  error: z.string(),
  bytes: z.number(),
  createdAt: time,
  retryCount: z.number(),
  lastRetryAt: time.nullable(),
});

/** A row of the audit log. */
const entry = z.object({
  id: z.string(),
  kind: z.enum(['event', 'dead_letter', 'replay']),
  eventId: z.string(),
  subject: z.string(),
  aggregateId: z.string(),
  aggregateType: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  version: z.number(),
  /** When it happened; of a dead letter and a replay when that was taken down. */
  at: time,
  /** What it says, in a few words; empty where it cannot be read. */
  gist: z.string(),
  /** Of a dead letter that is still kept. */
  letter: z.object({ id: z.number(), durable: z.string(), attempts: z.number(), error: z.string() }).nullable(),
});

/** The answer to each request, by its action. */
export const routerAnswers = {
  replay: z.object({
    dryRun: z.boolean(),
    count: z.number(),
    subjects: z.array(z.object({ subject: z.string(), count: z.number() })),
    /** Fit, but were replayed before. */
    skipped: z.number(),
    failed: z.number(),
    /** The first of those that failed. */
    failures: z.array(z.object({ id: z.number(), subject: z.string(), error: z.string() })),
    stopped: z.boolean(),
  }),
  dead_letters: z.object({ letters: z.array(deadLetter), total: z.number() }),
  dead_letter: deadLetter.extend({
    headers: z.record(z.string(), z.string()),
    envelope: json.nullable(),
    message: json.nullable(),
    /** Why one of the two is missing; empty where none is. */
    problem: z.string(),
    /** The bytes, where the message cannot be read; else null. */
    hex: z.string().nullable(),
  }),
  trace: z.object({
    correlationId: z.string(),
    /** How many other requests the same id leads to; the newest is shown. */
    others: z.number(),
    /** There are more than are shown. */
    cut: z.boolean(),
    /** From the first event to the last. */
    spanMs: z.number(),
    /** The tree from top to bottom. */
    lines: z.array(entry.extend({ depth: z.number(), afterMs: z.number() })),
  }),
  audit: z.object({ entries: z.array(entry), cut: z.boolean() }),
} as const satisfies Record<RouterAction, z.ZodType>;

export type RouterAnswer<A extends RouterAction> = z.infer<(typeof routerAnswers)[A]>;

/** Reads the outcome of a request of this action. */
export const routerOutcome = <A extends RouterAction>(action: A): z.ZodType<RouterOutcome<A>> =>
  outcomeOf(routerAnswers[action] as unknown as z.ZodType<RouterAnswer<A>>);

export type RouterOutcome<A extends RouterAction = RouterAction> = Outcome<RouterAnswer<A>>;

/** A request of one action. */
export type RouterRequestOf<A extends RouterAction> = Extract<RouterRequest, { action: A }>;

/** Carries out requests about dead letters and the audit log. Rejects only for what nobody foresaw: what the person can do something about is an outcome. */
export type RouterOperator = <A extends RouterAction>(
  request: RouterRequestOf<A>,
  signal?: AbortSignal,
) => Promise<RouterOutcome<A>>;
