-- Users and all that is stored of them but their days. A statement of its own after the lock: one that had to wait for a lock
-- sees the locked row as it is now, and every other table as it was before. As one JSON text: half the work of rows of columns.
SELECT json_agg(r) AS players
FROM (
  SELECT
    u.did AS user_id, u.deleted_at IS NOT NULL AS has_left, p.user_id IS NOT NULL AS has_row,
    p.xp_total, p.analyses, p.referrals, p.lenses, p.tier, p.network_size, p.tracked_users,
    (extract(epoch FROM p.network_at) * 1000)::bigint AS network_ms, p.hidden, p.inactive, p.version,
    s.current_streak, s.longest_streak, s.last_activity_date, s.streak_start_date, s.freezes_left, s.freezes_month,
    ARRAY(SELECT a.slug FROM user_achievements a WHERE a.user_id = u.did) AS unlocked
  FROM users u
  -- The list three times: so each table is read by its key and by nothing else.
  LEFT JOIN players p ON p.user_id = u.did AND p.user_id = ANY($1::text[])
  LEFT JOIN streaks s ON s.user_id = u.did AND s.user_id = ANY($1::text[])
  WHERE u.did = ANY($1::text[])
) AS r
