-- Newest first. A condition that is null is none.
SELECT id, kind, event_id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version, occurred_at,
  recorded_at, bytes
FROM audit_log
WHERE ($1::text IS NULL OR (correlation_id = $1 AND correlation_id <> ''))
  AND ($2::text IS NULL OR (aggregate_id = $2 AND aggregate_id <> ''))
  AND ($3::text IS NULL OR subject = $3)
  AND ($4::text IS NULL OR starts_with(subject, $4))
  AND ($5::timestamptz IS NULL OR recorded_at >= $5)
ORDER BY recorded_at DESC, id
LIMIT $6
