-- All that one request caused, in the order in which it happened.
SELECT a.id, a.kind, a.event_id, a.subject, a.aggregate_id, a.aggregate_type, a.correlation_id, a.causation_id, a.version,
  a.occurred_at, a.recorded_at, a.bytes, d.id AS letter, d.durable, d.attempts, d.error
FROM audit_log a
LEFT JOIN dlq_events d ON a.kind = 'dead_letter' AND d.message_id = a.id
WHERE a.correlation_id = $1 AND a.correlation_id <> ''
ORDER BY CASE WHEN a.kind = 'event' THEN coalesce(a.occurred_at, a.recorded_at) ELSE a.recorded_at END, a.recorded_at, a.id
LIMIT $2
