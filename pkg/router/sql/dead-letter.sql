-- By its number, or the newest of an event.
SELECT id, message_id, event_id, correlation_id, subject, durable, attempts, error, headers, data, created_at, retry_count, last_retry_at
FROM dlq_events
WHERE id = $1 OR (event_id <> '' AND event_id = $2)
ORDER BY id DESC
LIMIT 1
