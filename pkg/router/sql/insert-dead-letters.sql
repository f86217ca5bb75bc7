-- Both tables in one statement: a dead letter is never in one of them alone.
WITH given AS (
  SELECT *
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::float8[],
    $10::float8[], $11::text[], $12::text[], $13::integer[], $14::text[], $15::text[])
    AS row (id, event_id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version, occurred_ms,
      recorded_ms, bytes, durable, attempts, error, headers)
), letters AS (
  INSERT INTO dlq_events (message_id, event_id, correlation_id, subject, durable, attempts, error, headers, data, created_at)
  SELECT id, event_id, correlation_id, subject, durable, attempts, error, headers::jsonb, decode(bytes, 'hex'), to_timestamp(recorded_ms / 1000.0)
  FROM given
  ON CONFLICT (message_id) DO NOTHING
)
INSERT INTO audit_log
  (id, kind, event_id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version, occurred_at, recorded_at, bytes)
SELECT id, 'dead_letter', event_id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version,
  to_timestamp(occurred_ms / 1000.0), to_timestamp(recorded_ms / 1000.0), decode(bytes, 'hex')
FROM given
ON CONFLICT (id) DO NOTHING
