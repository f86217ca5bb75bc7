-- What a replay would take, by subject. A condition that is null is none.
SELECT
  subject,
  count(*) AS count,
  count(*) FILTER (WHERE last_retry_at IS NULL) AS fresh,
  max(id) AS newest
FROM dlq_events
WHERE ($1::text IS NULL OR event_id = $1)
  AND ($2::text IS NULL OR subject = $2)
  AND ($3::text IS NULL OR starts_with(subject, $3))
  AND ($4::timestamptz IS NULL OR created_at >= $4)
GROUP BY subject
ORDER BY subject
