INSERT INTO users AS u (did, handle, referred_by, created_at, updated_at)
VALUES ($1, $2, $4, $3::timestamptz, $3::timestamptz)
-- Who brought them stays as it was: that is of the first sign-in.
ON CONFLICT (did) DO UPDATE SET
  handle = excluded.handle,
  updated_at = CASE WHEN u.handle IS DISTINCT FROM excluded.handle OR u.deleted_at IS NOT NULL THEN excluded.updated_at ELSE u.updated_at END,
  deleted_at = NULL
-- xmax is 0 on a row that this statement made, and on no other.
RETURNING did, handle, tier, created_at, xmax = 0 AS inserted
