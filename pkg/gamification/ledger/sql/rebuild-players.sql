-- What the ledger says; the figures of the index, the tier and what the user chose are not in it and stay.
UPDATE players p SET
  xp_total = r.xp_total, analyses = r.analyses, referrals = r.referrals, lenses = string_to_array(r.lenses, ' '),
  version = p.version + 1
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS r (user_id, xp_total, analyses, referrals, lenses)
WHERE p.user_id = r.user_id
