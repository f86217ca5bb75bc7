UPDATE outbox SET claimed_until = $2::timestamptz WHERE event_id = ANY($1::uuid[])
