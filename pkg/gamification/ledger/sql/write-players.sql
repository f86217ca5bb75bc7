-- The rows are there and locked. An upsert all the same: it finds each by its key, however small the table.
INSERT INTO players AS p (user_id, xp_total, analyses, referrals, lenses, network_size, tracked_users, network_at, version)
SELECT
  r.user_id, r.xp_total, r.analyses, r.referrals, string_to_array(r.lenses, ' '), r.network_size, r.tracked_users,
  to_timestamp(r.network_ms / 1000), 0
FROM unnest(
  $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::double precision[]
) AS r (user_id, xp_total, analyses, referrals, lenses, network_size, tracked_users, network_ms)
ON CONFLICT (user_id) DO UPDATE SET
  xp_total = excluded.xp_total,
  analyses = excluded.analyses,
  referrals = excluded.referrals,
  lenses = excluded.lenses,
  network_size = excluded.network_size,
  tracked_users = excluded.tracked_users,
  network_at = coalesce(excluded.network_at, p.network_at),
  version = p.version + 1
