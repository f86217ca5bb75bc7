-- All rows of these users, as they were written.
SELECT id, user_id, event_type, event_id, xp_delta, xp_total, xp_multiplier, reason, metadata, is_bonus, bonus_reason, occurred_at
FROM xp_transactions
WHERE user_id = ANY($1::text[])
ORDER BY user_id, id
