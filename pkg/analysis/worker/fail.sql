INSERT INTO timeline_analyses
  (id, user_id, subject_did, type, time_window, audience, status, attempts, correlation_id, started_at, finished_at,
  error_code, error_message)
VALUES ($1, $2, $3, $4, $5, $6, 'failed', $7, $8, $9, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET status = 'failed', attempts = EXCLUDED.attempts, finished_at = EXCLUDED.finished_at,
  error_code = EXCLUDED.error_code, error_message = EXCLUDED.error_message
-- An answer that is there already is not taken back.
WHERE timeline_analyses.status = 'processing'
RETURNING id, status, cached, attempts, duration_ms, score, error_code, error_message, finished_at
