SELECT count(*) AS count, min(created_at) AS oldest FROM outbox
