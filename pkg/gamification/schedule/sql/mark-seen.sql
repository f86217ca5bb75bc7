-- What the index says of users, side by side: $1 who, $2 whether inactive, $3 whether their figures were looked up (at $4). Rows are
-- locked in the order in which everybody locks them.
WITH locked AS (
  SELECT p.user_id FROM players p WHERE p.user_id = ANY($1::text[]) ORDER BY p.user_id FOR UPDATE
)
UPDATE players p
SET
  inactive = seen.inactive,
  network_at = CASE WHEN seen.looked THEN $4::timestamptz ELSE p.network_at END,
  version = p.version + CASE WHEN p.inactive = seen.inactive THEN 0 ELSE 1 END
FROM locked
JOIN unnest($1::text[], $2::boolean[], $3::boolean[]) AS seen (user_id, inactive, looked) ON seen.user_id = locked.user_id
WHERE p.user_id = locked.user_id
