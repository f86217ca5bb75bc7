-- Only who counts from where the message was published from: two who replay at once publish one message and count once.
WITH marked AS (
  UPDATE dlq_events d
  SET retry_count = given.replay, last_retry_at = $3
  FROM unnest($1::bigint[], $2::integer[]) AS given (id, replay)
  WHERE d.id = given.id AND d.retry_count = given.replay - 1
  RETURNING d.id, d.message_id, d.event_id, d.subject, d.correlation_id, d.retry_count
)
INSERT INTO audit_log
  (id, kind, event_id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version, recorded_at, bytes)
SELECT 'replay-' || m.id || '-' || m.retry_count, 'replay', m.event_id, m.subject, coalesce(a.aggregate_id, ''),
  coalesce(a.aggregate_type, ''), m.correlation_id, coalesce(a.causation_id, ''), coalesce(a.version, 0), $3, ''
FROM marked m
LEFT JOIN audit_log a ON a.id = m.message_id
ON CONFLICT (id) DO NOTHING
