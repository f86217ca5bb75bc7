-- An achievement that is there already is a mistake of ours: its XP may not stand either.
INSERT INTO user_achievements (user_id, slug, unlocked_at)
SELECT r.user_id, r.slug, to_timestamp(r.unlocked_ms / 1000)
FROM unnest($1::text[], $2::text[], $3::double precision[]) AS r (user_id, slug, unlocked_ms)
