-- An analysis that was accepted. The row is the acceptance: it stands before anybody is told 202, and the event that
-- asks for the work stands beside it in `outbox`, written by the same statement.
CREATE TABLE IF NOT EXISTS analysis_requests (
  id uuid PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (did) ON DELETE CASCADE,
  -- Whom the analysis is about.
  subject_did text NOT NULL CHECK (subject_did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND length(subject_did) <= 2048),
  type text NOT NULL CHECK (type IN ('flow', 'clout', 'kudos', 'pulse')),
  time_window text NOT NULL CHECK (time_window IN ('24h', '48h', '7d', '30d')),
  audience text NOT NULL CHECK (audience IN ('following', 'mutual')),
  -- Of the user when the request was accepted.
  tier text NOT NULL CHECK (tier IN ('drift', 'lift', 'jet', 'orbit')),
  -- The outbox row's event_id; that row goes some time after it was published.
  request_event_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  -- Milliseconds, no finer: a page of the history ends at one, and a cursor must name it exactly.
  requested_at timestamptz(3) NOT NULL
);

-- The history of one user, newest first, and how many of theirs are under way.
CREATE INDEX IF NOT EXISTS analysis_requests_history ON analysis_requests (user_id, requested_at DESC, id DESC);

-- Events that must reach the bus, written in the transaction of the change that they tell.
CREATE TABLE IF NOT EXISTS outbox (
  event_id uuid PRIMARY KEY,
  subject text NOT NULL,
  correlation_id text NOT NULL,
  -- The event as it goes onto the bus.
  bytes bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  -- Until then one publisher has it in hand, and the others leave it alone.
  claimed_until timestamptz(3) NOT NULL,
  published_at timestamptz(3)
);

-- The work list: short, as nearly all are published at once.
CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (claimed_until) WHERE published_at IS NULL;
-- For throwing away the old.
CREATE INDEX IF NOT EXISTS outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
