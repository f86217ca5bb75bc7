-- How some users stand at this moment: $1 and $2 side by side, a user and a week of theirs (null: only the total). A single statement,
-- so that the numbers and their version belong together. `version` is null for one without XP of any kind. No XP, or null, is no place.
-- LIMIT 1, since each is to be looked up by its key: as plain joins they would read whole tables of many thousand rows.
SELECT
  asked.user_id,
  asked.week,
  CASE WHEN u.did IS NULL THEN 'unknown' WHEN u.deleted_at IS NOT NULL THEN 'left' ELSE 'known' END AS account,
  p.version,
  CASE WHEN p.xp_total > 0 AND may_stand THEN p.xp_total END AS xp,
  CASE WHEN w.xp > 0 AND may_stand THEN w.xp END AS week_xp
FROM unnest($1::text[], $2::date[]) AS asked (user_id, week)
LEFT JOIN LATERAL (SELECT did, deleted_at FROM users WHERE did = asked.user_id LIMIT 1) AS u ON true
LEFT JOIN LATERAL (
  SELECT version, xp_total, hidden, inactive FROM players WHERE user_id = asked.user_id LIMIT 1
) AS p ON true
LEFT JOIN LATERAL (SELECT xp FROM weekly_xp WHERE week = asked.week AND user_id = asked.user_id LIMIT 1) AS w ON true
CROSS JOIN LATERAL (SELECT u.did IS NOT NULL AND u.deleted_at IS NULL AND NOT p.hidden AND NOT p.inactive AS may_stand) AS shown
