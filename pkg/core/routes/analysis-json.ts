import type { z } from '@hono/zod-openapi';
import type { AnalysisRow } from '../store/analyses.ts';
import type { summaryBody } from './schemas.ts';

/** A row as the API tells it. */
export function toSummary(row: AnalysisRow): z.infer<typeof summaryBody> {
  return {
    analysis_id: row.id,
    did: row.subject_did,
    type: row.type,
    window: row.time_window,
    audience: row.audience,
    status: row.status ?? 'requested',
    requested_at: row.requested_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    cached: row.cached,
    duration_ms: row.duration_ms,
    score: row.score,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
  };
}

/** The whole as JSON text. The answer is put in as the text that the database holds: it is neither parsed nor built again. */
export const analysisJson = (row: AnalysisRow, result: string | null): string =>
  `${JSON.stringify(toSummary(row)).slice(0, -1)},"result":${result ?? 'null'}}`;
