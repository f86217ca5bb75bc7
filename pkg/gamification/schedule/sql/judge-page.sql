-- Whom the judgement of day $1 concerns, the next $3 users after $2, with the days to judge and the tier at the end of each (a change
-- at the first moment of the day after is too late). Three kinds: a streak that ends the day before; one that should have been judged
-- earlier, had its last day been known then (as many days as there are freezes to spend, and one); and a run that ends the day before
-- of somebody who was active again after it: their events were counted before this judgement came.
WITH concerned AS (
  SELECT s.user_id, least(s.last_activity_date + 1, $1::date) AS first_day, s.freezes_left
  FROM streaks s
  WHERE s.user_id > $2
    AND (
      (s.current_streak > 0 AND s.last_activity_date < $1::date)
      OR (
        s.last_activity_date > $1::date
        AND EXISTS (SELECT FROM streak_days d WHERE d.user_id = s.user_id AND d.day = $1::date - 1)
        AND NOT EXISTS (SELECT FROM streak_days d WHERE d.user_id = s.user_id AND d.day = $1::date)
      )
    )
  ORDER BY s.user_id
  LIMIT $3
)
SELECT
  c.user_id,
  c.first_day + n AS day,
  coalesce(
    (
      SELECT t.tier FROM player_tiers t
      WHERE t.user_id = c.user_id AND t.since < ((c.first_day + n + 1)::timestamp AT TIME ZONE 'UTC')
      ORDER BY t.since DESC LIMIT 1
    ),
    -- Who has a row was noted with a tier when it was made.
    p.tier,
    'drift'
  ) AS tier
FROM concerned c
LEFT JOIN players p ON p.user_id = c.user_id
CROSS JOIN LATERAL generate_series(0, least($1::date - c.first_day, c.freezes_left)) AS n
ORDER BY c.user_id, n
