-- Somebody whose tiers were all set later was on the first one, as everybody is who comes.
SELECT p.user_id, coalesce(
  (
    SELECT t.tier FROM player_tiers t
    WHERE t.user_id = p.user_id AND t.since <= to_timestamp($2::double precision / 1000)
    ORDER BY t.since DESC LIMIT 1
  ),
  CASE WHEN EXISTS (SELECT FROM player_tiers t WHERE t.user_id = p.user_id) THEN 'drift' ELSE p.tier END
) AS tier
FROM players p WHERE p.user_id = ANY($1::text[])
