-- An event is deleted once the bus has it: what happened is told by audit_log from now on. Half the writes, and a short table.
DELETE FROM outbox WHERE published_at IS NOT NULL;
DROP INDEX IF EXISTS outbox_pending;
DROP INDEX IF EXISTS outbox_published;
ALTER TABLE outbox DROP COLUMN IF EXISTS published_at;
CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (claimed_until);
