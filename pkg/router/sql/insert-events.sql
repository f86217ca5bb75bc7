-- An event that is delivered again is there already.
INSERT INTO audit_log
  (id, kind, event_id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version, occurred_at, recorded_at, bytes)
SELECT id, 'event', id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version,
  to_timestamp(occurred_ms / 1000.0), to_timestamp(recorded_ms / 1000.0), decode(bytes, 'hex')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::float8[], $9::float8[], $10::text[])
  AS given (id, subject, aggregate_id, aggregate_type, correlation_id, causation_id, version, occurred_ms, recorded_ms, bytes)
ON CONFLICT (id) DO NOTHING
