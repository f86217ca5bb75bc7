-- Who has a row was noted with a tier when it was made, so that the second case is for a table that somebody emptied.
SELECT p.user_id, coalesce(
  (
    SELECT t.tier FROM player_tiers t
    WHERE t.user_id = p.user_id AND t.since <= to_timestamp($2::double precision / 1000)
    ORDER BY t.since DESC LIMIT 1
  ),
  p.tier
) AS tier
FROM players p WHERE p.user_id = ANY($1::text[])
