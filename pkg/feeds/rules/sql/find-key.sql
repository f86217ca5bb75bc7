SELECT id, name, prefix, hash, scopes, created_at, expires_at, revoked_at, last_used_at FROM api_keys WHERE hash = $1
