INSERT INTO api_keys (id, name, prefix, hash, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5::text[], $6, $7)
