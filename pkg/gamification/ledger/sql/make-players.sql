-- Makes the rows of users who are here and have none; in one order, so that two who do it at once do not wait in a circle.
-- The version begins at the present: a row that was lost and made again is newer than all that anybody read of the lost one.
-- The tier of now is taken for that of all time before, until there is news of other times.
WITH
  made AS (
    INSERT INTO players (user_id, tier, hidden, version)
    SELECT u.did, u.tier, u.off_leaderboards, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    FROM users u
    WHERE u.did = ANY($1::text[])
      -- Not as a plain condition: for that an index of all who are here would be read whole.
      AND CASE WHEN u.deleted_at IS NULL THEN true END
      -- Asked one by one: as a join it would read the whole table while that is small.
      AND (SELECT true FROM players p WHERE p.user_id = u.did) IS NULL
    ORDER BY u.did
    ON CONFLICT (user_id) DO NOTHING
    RETURNING user_id, tier
  ),
  noted AS (
    INSERT INTO player_tiers (user_id, since, tier) SELECT user_id, 'epoch', tier FROM made
    ON CONFLICT (user_id, since) DO NOTHING
  )
SELECT user_id FROM made
