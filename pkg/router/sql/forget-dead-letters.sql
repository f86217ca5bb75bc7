DELETE FROM dlq_events
WHERE id IN (SELECT id FROM dlq_events WHERE greatest(created_at, last_retry_at) < $1 ORDER BY id LIMIT $2)
RETURNING 1
