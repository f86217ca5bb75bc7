DELETE FROM outbox WHERE event_id IN (
  SELECT event_id FROM outbox WHERE published_at < $1::timestamptz ORDER BY published_at LIMIT $2
)
