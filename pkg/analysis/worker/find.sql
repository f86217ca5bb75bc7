SELECT id, status, cached, attempts, duration_ms, score, error_code, error_message, finished_at
FROM timeline_analyses
WHERE id = $1
