-- The acceptance and its event, both or neither; neither where the user has too many under way already.
WITH accepted AS (
  INSERT INTO analysis_requests (id, user_id, subject_did, type, time_window, audience, tier, request_event_id, correlation_id, requested_at)
  SELECT $1::uuid, $2, $3, $4, $5, $6, $7, $8::uuid, $9::uuid, $10::timestamptz
  WHERE $14::int > (
    SELECT count(*) FROM analysis_requests r
    WHERE r.user_id = $2 AND r.requested_at > $15::timestamptz
      AND NOT EXISTS (SELECT FROM timeline_analyses a WHERE a.id = r.id AND a.status IN ('completed', 'failed'))
  )
  RETURNING id
)
INSERT INTO outbox (event_id, subject, correlation_id, bytes, created_at, claimed_until)
SELECT $8::uuid, $11, $9::text, $12, $10::timestamptz, $13::timestamptz FROM accepted
RETURNING event_id
