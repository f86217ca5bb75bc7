INSERT INTO timeline_analyses
  (id, user_id, subject_did, type, time_window, audience, status, attempts, correlation_id, started_at)
VALUES ($1, $2, $3, $4, $5, $6, 'processing', $7, $8, $9)
-- A redelivery finds the row of the first delivery. What has ended stays as it ended.
ON CONFLICT (id) DO UPDATE SET attempts = CASE
  WHEN timeline_analyses.status = 'processing' THEN GREATEST(timeline_analyses.attempts, EXCLUDED.attempts)
  ELSE timeline_analyses.attempts
END
RETURNING id, status, cached, attempts, duration_ms, score, error_code, error_message, finished_at
