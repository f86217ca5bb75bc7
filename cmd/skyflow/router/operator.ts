import { carriedOut } from '#pkg/admin/outcome.ts';
import type { RouterAction, RouterAnswer, RouterOperator, RouterOutcome, RouterRequestOf } from '#pkg/admin/router.ts';
import type { Bus } from '#pkg/bus/client.ts';
import { publishRaw, type RawPublish } from '#pkg/bus/publish.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { type AuditEntry, findCorrelations, readAudit, readRequest } from '#pkg/router/audit.ts';
import { type DeadLetter, findDeadLetter, listDeadLetters } from '#pkg/router/dead-letters.ts';
import { decodeBytes, gistOf } from '#pkg/router/decode.ts';
import { planReplay, replay, type Selection } from '#pkg/router/replay.ts';
import { readSubject, type SubjectChoice } from '#pkg/router/subject.ts';
import { traceTree } from '#pkg/router/trace.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';

/** What the operator's requests are answered from. */
export interface RouterOperatorParts {
  /** Migrated. */
  readonly postgres: Postgres;
  /** Asked for when something is to be published, and not before: a list needs no NATS. */
  readonly bus: () => Promise<Bus>;
  readonly clock: Clock;
}

/** Carries out one kind of request. Throws a UserError for what the person can do something about. */
type Handler<A extends RouterAction> = (
  parts: RouterOperatorParts,
  request: RouterRequestOf<A>,
  signal: AbortSignal | undefined,
) => Promise<RouterAnswer<A>>;

/** How many events of one request are shown. */
const MAX_TRACE = 1_000;
/** A subject alone looks back so far: who wants more says so, since the embedded Postgres does one thing at a time. */
const AUDIT_BACK_MS = 7 * 86_400_000;
/** Bytes that are shown in hex; more help nobody on a terminal. */
const MAX_HEX_BYTES = 65_536;

/** Answers the operator's requests about dead letters and the audit log, for the admin socket and for commands that open the stores themselves. */
export const createRouterOperator =
  (parts: RouterOperatorParts): RouterOperator =>
  async <A extends RouterAction>(request: RouterRequestOf<A>, signal?: AbortSignal): Promise<RouterOutcome<A>> => {
    const handler = handlers[request.action] as Handler<A>;
    return carriedOut(() => handler(parts, request, signal));
  };

const replayLetters: Handler<'replay'> = async ({ postgres, bus, clock }, request, signal) => {
  const { eventId, sinceMs, again, dryRun } = request;
  if (eventId === undefined && request.subject === undefined && sinceMs === undefined) {
    throw new UserError('It is not said which dead letters to replay.', {
      hint: "Give --event-id ID, --subject 'events.timeline.>' or --since 2h; --subject '>' means all.",
    });
  }
  const selection: Selection = { eventId, subject: subjectOf(request.subject), sinceMs, again };
  const { newest, ...plan } = await planReplay(postgres, selection);
  if (newest === 0 && eventId !== undefined) {
    throw new UserError(`There is no dead letter of the event ${eventId}.`, { hint: 'Try: skyflow dlq list' });
  }
  if (dryRun || plan.count === 0) return { dryRun, ...copied(plan) };
  const open = await bus();
  const publish = (message: RawPublish) => publishRaw(open, message);
  return { dryRun, ...copied(await replay({ postgres, publish, clock }, selection, signal)) };
};

/** The answer's lists may be changed by their readers. */
const copied = (replayed: Awaited<ReturnType<typeof replay>>) => ({
  ...replayed,
  subjects: [...replayed.subjects],
  failures: [...replayed.failures],
});

const deadLetters: Handler<'dead_letters'> = async ({ postgres }, { subject, sinceMs, limit }) => {
  const { letters, total } = await listDeadLetters(postgres, { subject: subjectOf(subject), sinceMs, limit });
  return { letters: letters.map(letterAnswer), total };
};

const deadLetter: Handler<'dead_letter'> = async ({ postgres }, { id }) => {
  const found = await findDeadLetter(postgres, id);
  if (found === undefined) {
    throw new UserError(`There is no dead letter ${id}.`, { hint: 'Try: skyflow dlq list' });
  }
  const decoded = decodeBytes(found.subject, found.data);
  const hex = decoded.message === null ? Buffer.from(found.data.subarray(0, MAX_HEX_BYTES)).toString('hex') : null;
  const { envelope, message, problem } = decoded;
  return {
    ...letterAnswer(found),
    headers: found.headers,
    envelope,
    message,
    problem,
    hex,
  };
};

const trace: Handler<'trace'> = async ({ postgres }, { id }) => {
  const [correlationId, ...others] = await findCorrelations(postgres, id);
  if (correlationId === undefined) {
    throw new UserError(`Nothing is known of ${id}.`, {
      hint: 'Give the id of a request (X-Request-Id of its answer), of an event or of an analysis. The newest events: skyflow audit --since 1h',
    });
  }
  const found = await readRequest(postgres, correlationId, MAX_TRACE + 1);
  const lines = traceTree(found.slice(0, MAX_TRACE));
  const times = lines.map(({ atMs }) => atMs);
  const firstMs = times.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const lastMs = times.reduce((most, one) => Math.max(most, one), firstMs);
  return {
    correlationId,
    others: others.length,
    cut: found.length > MAX_TRACE,
    spanMs: lastMs - firstMs,
    lines: lines.map(({ entry, depth, atMs }) => ({ ...entryAnswer(entry), depth, afterMs: atMs - firstMs })),
  };
};

const audit: Handler<'audit'> = async ({ postgres, clock }, request) => {
  const { about, limit } = request;
  const sinceMs = request.sinceMs ?? (about === undefined ? clock.nowMs() - AUDIT_BACK_MS : undefined);
  if (about === undefined && request.subject === undefined && request.sinceMs === undefined) {
    throw new UserError('It is not said which events to show.', {
      hint: "Give --about ID, --subject 'events.xp.>' or --since 1h.",
    });
  }
  const subject = subjectOf(request.subject);
  const found = await readAudit(postgres, { aggregateId: about, subject, sinceMs, limit: limit + 1 });
  return { entries: found.slice(0, limit).map(entryAnswer), cut: found.length > limit };
};

const handlers: { readonly [A in RouterAction]: Handler<A> } = {
  replay: replayLetters,
  dead_letters: deadLetters,
  dead_letter: deadLetter,
  trace,
  audit,
};

/** @throws UserError for what is no subject */
const subjectOf = (text: string | undefined): SubjectChoice => {
  const choice = readSubject(text);
  if (choice !== undefined) return choice;
  throw new UserError(`${JSON.stringify(text)} is no subject.`, {
    hint: 'Write one such as events.timeline.completed, or the beginning of several: events.timeline.>',
  });
};

const letterAnswer = (letter: DeadLetter): RouterAnswer<'dead_letters'>['letters'][number] => ({
  id: letter.id,
  eventId: letter.eventId,
  correlationId: letter.correlationId,
  subject: letter.subject,
  durable: letter.durable,
  attempts: letter.attempts,
  error: letter.error,
  bytes: letter.bytes,
  createdAt: letter.createdAt.toISOString(),
  retryCount: letter.retryCount,
  lastRetryAt: letter.lastRetryAt?.toISOString() ?? null,
});

const entryAnswer = (entry: AuditEntry): RouterAnswer<'audit'>['entries'][number] => {
  const { bytes, occurredAt, recordedAt, ...told } = entry;
  const at = entry.kind === 'event' ? (occurredAt ?? recordedAt) : recordedAt;
  return { ...told, at: at.toISOString(), gist: entry.kind === 'replay' ? '' : gistOf(entry.subject, bytes) };
};
