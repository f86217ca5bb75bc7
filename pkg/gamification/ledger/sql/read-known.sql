-- Which of these rows are in the ledger: their places in the lists, from 1, as one text. Asked one by one: as a join it would
-- read the whole ledger while that is small.
SELECT string_agg(k.place::text, ' ') AS places
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (user_id, event_type, event_id, place)
WHERE (
  SELECT true FROM xp_transactions t
  WHERE t.user_id = k.user_id AND t.event_type = k.event_type AND t.event_id = k.event_id
)
