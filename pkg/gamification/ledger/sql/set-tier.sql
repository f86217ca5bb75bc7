WITH noted AS (
  INSERT INTO player_tiers (user_id, since, tier) VALUES ($1, to_timestamp($3::double precision / 1000), $2)
  ON CONFLICT (user_id, since) DO UPDATE SET tier = excluded.tier
)
UPDATE players SET tier = $2, tier_since = to_timestamp($3::double precision / 1000)
WHERE user_id = $1 AND tier_since <= to_timestamp($3::double precision / 1000)
