-- The requests that an id belongs to, newest first: a correlation id itself, an event's, an analysis' or another subject's.
SELECT correlation_id, max(recorded_at) AS newest
FROM (
  SELECT correlation_id, recorded_at FROM audit_log WHERE correlation_id = $1 AND correlation_id <> ''
  UNION ALL
  SELECT correlation_id, recorded_at FROM audit_log WHERE id = $1
  UNION ALL
  SELECT correlation_id, created_at FROM dlq_events WHERE event_id = $1 AND event_id <> ''
  UNION ALL
  SELECT correlation_id, recorded_at FROM audit_log WHERE aggregate_id = $1 AND aggregate_id <> ''
) AS found
WHERE correlation_id <> ''
GROUP BY correlation_id
ORDER BY newest DESC
LIMIT 100
