SELECT id, user_id, event_type, event_id, xp_delta, xp_total, xp_multiplier, reason, metadata, is_bonus, bonus_reason, occurred_at
FROM xp_transactions
WHERE user_id = $1 AND id < coalesce($2::bigint, 9223372036854775807)
ORDER BY id DESC
LIMIT $3
