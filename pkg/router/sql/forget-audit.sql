DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE recorded_at < $1 LIMIT $2) RETURNING 1
