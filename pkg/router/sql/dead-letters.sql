-- Newest first; `total` counts those beyond the limit too.
SELECT id, event_id, correlation_id, subject, durable, attempts, error, octet_length(data) AS size, created_at, retry_count,
  last_retry_at, count(*) OVER () AS total
FROM dlq_events
WHERE ($1::text IS NULL OR subject = $1)
  AND ($2::text IS NULL OR starts_with(subject, $2))
  AND ($3::timestamptz IS NULL OR created_at >= $3)
ORDER BY id DESC
LIMIT $4
