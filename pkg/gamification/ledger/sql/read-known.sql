-- Which of these rows are in the ledger. Asked one by one: as a join it would read the whole ledger while that is small.
SELECT k.user_id, k.event_type, k.event_id
FROM unnest($1::text[], $2::text[], $3::text[]) AS k (user_id, event_type, event_id)
WHERE (
  SELECT true FROM xp_transactions t
  WHERE t.user_id = k.user_id AND t.event_type = k.event_type AND t.event_id = k.event_id
)
