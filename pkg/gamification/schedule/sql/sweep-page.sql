-- The next $5 users after $1. `matters`: was active from $2 on, or lacks one of the achievements $4, which go by the index. `is_due`:
-- their figures of the index are from before $3.
SELECT
  p.user_id,
  p.inactive,
  coalesce(s.last_activity_date >= $2::date, false)
    OR (SELECT count(*) FROM user_achievements a WHERE a.user_id = p.user_id AND a.slug = ANY($4::text[])) < cardinality($4::text[])
    AS matters,
  p.network_at IS NULL OR p.network_at < $3::timestamptz AS is_due
FROM players p
LEFT JOIN streaks s ON s.user_id = p.user_id
WHERE p.user_id > $1
ORDER BY p.user_id
LIMIT $5
