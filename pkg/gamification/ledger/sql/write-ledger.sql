-- Ids rise in the order given. A row that is there already is a mistake of ours: nothing of this transaction may stand.
INSERT INTO xp_transactions (
  user_id, event_type, event_id, xp_delta, xp_total, xp_multiplier, reason, metadata, is_bonus, bonus_reason, occurred_at
)
SELECT
  r.user_id, r.event_type, r.event_id, r.xp_delta, r.xp_total, r.xp_multiplier, r.reason, r.metadata::jsonb, r.is_bonus,
  r.bonus_reason, to_timestamp(r.occurred_ms / 1000)
FROM unnest(
  $1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::integer[], $7::text[], $8::text[], $9::boolean[],
  $10::text[], $11::double precision[]
) WITH ORDINALITY AS r (
  user_id, event_type, event_id, xp_delta, xp_total, xp_multiplier, reason, metadata, is_bonus, bonus_reason, occurred_ms, place
)
ORDER BY r.place
