-- A user by DID, or by the handle of their last sign-in. Two may have had one handle: the later one has it.
SELECT did, handle, tier FROM users
WHERE deleted_at IS NULL AND (did = $1 OR lower(handle) = lower($1))
ORDER BY (did = $1) DESC, updated_at DESC
LIMIT 1
