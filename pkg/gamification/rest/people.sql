-- Of these accounts those that may be shown to everybody, and $2, who asks and may see themselves.
SELECT u.did, u.handle, coalesce(p.xp_total, 0) AS xp_total
FROM unnest($1::text[]) AS asked (did)
JOIN users u ON u.did = asked.did AND u.deleted_at IS NULL
LEFT JOIN players p ON p.user_id = u.did
WHERE u.did = $2 OR NOT (coalesce(p.hidden, false) OR coalesce(p.inactive, false))
