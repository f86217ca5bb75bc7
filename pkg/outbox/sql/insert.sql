-- The same id is the same event: written twice, it stands here once.
INSERT INTO outbox (event_id, subject, correlation_id, bytes, created_at, claimed_until)
SELECT e.event_id, e.subject, e.correlation_id, e.bytes, $5::timestamptz, $6::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[]) AS e (event_id, subject, correlation_id, bytes)
ON CONFLICT (event_id) DO NOTHING
