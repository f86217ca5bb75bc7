-- Those of these users who stand in the ledger.
SELECT k.user_id FROM unnest($1::text[]) AS k (user_id)
WHERE (SELECT true FROM xp_transactions t WHERE t.user_id = k.user_id LIMIT 1)
