UPDATE timeline_analyses
SET status = 'completed', cached = $2, duration_ms = $3, score = $4, result = $5, finished_at = $6
WHERE id = $1 AND status = 'processing'
RETURNING id, status, cached, attempts, duration_ms, score, error_code, error_message, finished_at
