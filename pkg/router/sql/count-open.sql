SELECT count(*) AS count FROM dlq_events WHERE last_retry_at IS NULL
