DROP INDEX IF EXISTS outbox_pending;
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS published_at timestamptz(3);
CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (claimed_until) WHERE published_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
