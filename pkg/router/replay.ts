import type { RawPublish } from '#pkg/bus/publish.ts';
import { readSql } from '#pkg/clickhouse/query.ts';
import type { Querier } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import { replayHeaders } from './letter.ts';
import type { SubjectChoice } from './subject.ts';

/** Which dead letters are meant. At least one condition is to be given; all that are given must hold. */
export interface Selection {
  readonly eventId?: string | undefined;
  readonly subject?: SubjectChoice | undefined;
  /** When they died, ms since 1970. */
  readonly sinceMs?: number | undefined;
  /** Those too that were replayed before. */
  readonly again: boolean;
}

/** What a replay needs. */
export interface ReplayParts {
  readonly postgres: Querier;
  /** Puts bytes back on a subject; resolves when the stream has them. */
  readonly publish: (message: RawPublish) => Promise<unknown>;
  readonly clock: Clock;
}

/** What a replay did, or would do. */
export interface Replayed {
  /** How many were published, or with `dryRun` would be. */
  readonly count: number;
  readonly subjects: readonly { readonly subject: string; readonly count: number }[];
  /** Those that fit, but were replayed before. */
  readonly skipped: number;
  /** How many could not be published; they are as they were. */
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly { readonly id: number; readonly subject: string; readonly error: string }[];
  /** It ended early: nothing could be published any more, or whoever asked has gone. */
  readonly stopped: boolean;
}

const PLAN = readSql(import.meta.url, 'sql/replay-plan.sql');
const PORTION = readSql(import.meta.url, 'sql/replay-portion.sql');
const MARK = readSql(import.meta.url, 'sql/mark-replayed.sql');

/** After so many portions in a row of which nothing could be published, NATS is away, and nothing more is tried. */
const MAX_VAIN = 3;
/** Failures that are told one by one; of more it is told how many. */
const MAX_TOLD = 100;

/** What a replay of this selection would do now. */
export const planReplay = async (postgres: Querier, selection: Selection): Promise<Replayed & { newest: number }> => {
  const { rows } = await postgres.query<{ subject: string; count: number; fresh: number; newest: number }>(
    PLAN,
    conditions(selection),
  );
  const subjects = rows
    .map(({ subject, count, fresh }) => ({ subject, count: selection.again ? count : fresh }))
    .filter(({ count }) => count > 0);
  const all = rows.reduce((sum, { count }) => sum + count, 0);
  const count = subjects.reduce((sum, { count }) => sum + count, 0);
  const newest = Math.max(0, ...rows.map((row) => row.newest));
  return { count, subjects, skipped: all - count, failed: 0, failures: [], stopped: false, newest };
};

/**
 * Puts dead letters back on their subjects, oldest first. Each is published before it is noted: a crash between repeats it,
 * under the same message id, so that the stream drops the repeat within its window, and the readers after that. Those
 * that die again while this runs are not taken a second time.
 */
export const replay = async (
  parts: ReplayParts,
  selection: Selection,
  signal: AbortSignal | undefined,
): Promise<Replayed> => {
  const { postgres } = parts;
  const { newest, skipped } = await planReplay(postgres, selection);
  const bySubject = new Map<string, number>();
  const failures: Failure[] = [];
  let after = 0;
  let vain = 0;
  let stopped = false;
  for (;;) {
    const { rows } = await postgres.query<Row>(PORTION, [...conditions(selection), selection.again, after, newest]);
    if (rows.length === 0) break;
    const done = await publishAndNote(parts, rows, failures);
    for (const { subject } of done) bySubject.set(subject, (bySubject.get(subject) ?? 0) + 1);
    after = rows.at(-1)?.id ?? newest;
    vain = done.length === 0 ? vain + 1 : 0;
    stopped = vain === MAX_VAIN || signal?.aborted === true;
    if (stopped) break;
  }
  const subjects = [...bySubject].map(([subject, count]) => ({ subject, count }));
  const count = subjects.reduce((sum, one) => sum + one.count, 0);
  return {
    count,
    subjects: subjects.toSorted((a, b) => (a.subject < b.subject ? -1 : 1)),
    skipped,
    failed: failures.length,
    failures: failures.slice(0, MAX_TOLD),
    stopped,
  };
};

type Failure = Replayed['failures'][number];

interface Row {
  id: number;
  subject: string;
  headers: Record<string, string>;
  data: Uint8Array;
  retry_count: number;
}

/** The rows that were published, in their order; the others are added to `failures`. */
const publishAndNote = async (
  { postgres, publish, clock }: ReplayParts,
  rows: readonly Row[],
  failures: Failure[],
): Promise<readonly Row[]> => {
  const done = await Promise.all(
    rows.map(async (row) => {
      const { id, subject, data: bytes, retry_count: before } = row;
      try {
        const messageId = `replay-${id}-${before + 1}`;
        await publish({ subject, bytes, messageId, headers: replayHeaders(id, row.headers) });
        return [row];
      } catch (error) {
        failures.push({ id, subject, error: toError(error).message });
        return [];
      }
    }),
  );
  const published = done.flat();
  if (published.length > 0) {
    await postgres.query(MARK, [
      published.map(({ id }) => id),
      published.map((row) => row.retry_count + 1),
      new Date(clock.nowMs()),
    ]);
  }
  return published;
};

const conditions = ({ eventId, subject, sinceMs }: Selection): readonly unknown[] => [
  eventId ?? null,
  subject?.exact ?? null,
  subject?.prefix ?? null,
  sinceMs === undefined ? null : new Date(sinceMs),
];
