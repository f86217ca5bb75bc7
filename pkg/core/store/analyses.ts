import { randomUUID } from 'node:crypto';
import { type BusEvent, createEvent, EVENTS } from '#pkg/bus/events.ts';
import type { LensQuestion } from '#pkg/contracts/lens.ts';
import { CLAIM_MS } from '#pkg/outbox/table.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import { UNDER_WAY_MS } from '../limits.ts';
import { coreSql } from './sql.ts';
import type { User } from './users.ts';

/** What is to be accepted. */
export interface AnalysisOrder {
  readonly user: User;
  readonly question: LensQuestion;
  readonly correlationId: string;
  /** How many of the user's may be under way, this one included. */
  readonly maxUnderWay: number;
  readonly nowMs: number;
}

/** Accepted with the event that waits in the outbox; or why not. */
export type Acceptance =
  | { readonly accepted: true; readonly analysisId: string; readonly event: BusEvent }
  | { readonly accepted: false; readonly reason: 'under_way' | 'no_user' };

/** The function of migration 0002. */
const ACCEPT = 'SELECT accept_analysis($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS outcome';

/**
 * Accepts an analysis: from the commit on it will be computed, whatever happens to this process or to NATS. The user's row
 * is locked first, so that parallel requests see each other when they count what is under way.
 */
export async function acceptAnalysis(postgres: Postgres, order: AnalysisOrder): Promise<Acceptance> {
  const { user, question, correlationId, maxUnderWay, nowMs } = order;
  const analysisId = randomUUID();
  const event = createEvent(
    EVENTS.timelineRequested,
    { aggregateId: analysisId, correlationId, nowMs },
    {
      analysisId,
      userId: user.did,
      subjectDid: question.did,
      type: question.lens,
      window: question.window,
      audience: question.audience,
      tier: user.tier,
    },
  );
  const values = [
    analysisId,
    user.did,
    question.did,
    question.lens,
    question.window,
    question.audience,
    user.tier,
    event.eventId,
    correlationId,
    new Date(nowMs),
    event.subject,
    event.bytes,
    new Date(nowMs + CLAIM_MS),
    // An int4: no tier means more than that by "no limit".
    Math.min(maxUnderWay, 2_147_483_647),
    new Date(nowMs - UNDER_WAY_MS),
  ];
  const { rows } = await onPostgres(postgres.query<{ outcome: 'accepted' | 'under_way' | 'no_user' }>(ACCEPT, values));
  const outcome = rows[0]?.outcome ?? 'no_user';
  return outcome === 'accepted' ? { accepted: true, analysisId, event } : { accepted: false, reason: outcome };
}

/** How far an analysis is. `requested`: nobody has begun it. */
export const STATUSES = ['requested', 'processing', 'completed', 'failed'] as const;

/** A row of the history. */
export interface AnalysisRow {
  id: string;
  subject_did: string;
  type: LensQuestion['lens'];
  time_window: LensQuestion['window'];
  audience: LensQuestion['audience'];
  requested_at: Date;
  /** Null until the timeline service has it. */
  status: Exclude<(typeof STATUSES)[number], 'requested'> | null;
  cached: boolean | null;
  duration_ms: number | null;
  score: number | null;
  error_code: string | null;
  error_message: string | null;
  started_at: Date | null;
  finished_at: Date | null;
}

const ANALYSIS = coreSql('analysis');

/** One analysis with its answer as JSON text, or undefined where this user never asked for it. */
export async function readAnalysis(
  postgres: Postgres,
  id: string,
  userId: string,
): Promise<(AnalysisRow & { result: string | null }) | undefined> {
  const { rows } = await onPostgres(postgres.query<AnalysisRow & { result: string | null }>(ANALYSIS, [id, userId]));
  return rows[0];
}

const HISTORY = coreSql('history');

/** A place in a history, newest first: what comes after it is older. */
export interface HistoryPlace {
  readonly requestedAtMs: number;
  readonly id: string;
}

/** Before everything: later than any request, within what timestamptz and Date both hold. */
const START: HistoryPlace = { requestedAtMs: 253_402_300_799_000, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

/** At most `limit` analyses of a user after `place`. */
export async function listAnalyses(
  postgres: Postgres,
  userId: string,
  { place = START, limit }: { place?: HistoryPlace | undefined; limit: number },
): Promise<AnalysisRow[]> {
  const values = [userId, new Date(place.requestedAtMs), place.id, limit];
  return (await onPostgres(postgres.query<AnalysisRow>(HISTORY, values))).rows;
}
