SELECT u.did, u.handle, coalesce(p.hidden, false) AS hidden, coalesce(p.inactive, false) AS inactive
FROM users u
LEFT JOIN players p ON p.user_id = u.did
WHERE u.did = $1 AND u.deleted_at IS NULL
