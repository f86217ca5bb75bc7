-- Asked before the user's own row is there, so it is never themselves. A handle that two users have had is nobody's: which of
-- them was meant is not ours to guess.
SELECT did FROM users
WHERE deleted_at IS NULL AND (did = $1 OR lower(handle) = $1)
LIMIT 2
