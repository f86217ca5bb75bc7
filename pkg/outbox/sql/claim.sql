-- Takes events in hand that nobody has. Two who ask at once get different ones; who dies with some loses them at $2.
UPDATE outbox SET claimed_until = $2::timestamptz
WHERE event_id IN (
  SELECT event_id FROM outbox
  WHERE claimed_until <= $1::timestamptz
  ORDER BY claimed_until
  LIMIT $3
  FOR UPDATE SKIP LOCKED
)
RETURNING event_id, subject, correlation_id, bytes, created_at
