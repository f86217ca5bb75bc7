-- The next of them, oldest first: at most 100, and at most 8 MB unless the first alone is larger.
WITH next AS (
  SELECT id, octet_length(data) AS size
  FROM dlq_events
  WHERE ($1::text IS NULL OR event_id = $1)
    AND ($2::text IS NULL OR subject = $2)
    AND ($3::text IS NULL OR starts_with(subject, $3))
    AND ($4::timestamptz IS NULL OR created_at >= $4)
    AND ($5::boolean OR last_retry_at IS NULL)
    AND id > $6
    AND id <= $7
  ORDER BY id
  LIMIT 100
), fitting AS (
  SELECT id, row_number() OVER by_age AS place, sum(size) OVER by_age AS total
  FROM next
  WINDOW by_age AS (ORDER BY id)
)
SELECT d.id, d.subject, d.headers, d.data, d.retry_count
FROM fitting
JOIN dlq_events d USING (id)
WHERE place = 1 OR total <= 8388608
ORDER BY d.id
