SELECT slug, unlocked_at FROM user_achievements WHERE user_id = $1
