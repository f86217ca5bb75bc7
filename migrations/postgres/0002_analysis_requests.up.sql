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

-- Accepts an analysis, all or nothing: its row and its event. 'no_user': the user has left; 'under_way': too many of theirs
-- have no answer yet. A function, because its statements are planned once and see what others committed before the lock was
-- had: parallel requests of one user count each other. One round trip, a third of what the statements take one by one.
CREATE OR REPLACE FUNCTION accept_analysis(
  the_id uuid, the_user text, subject text, lens text, the_window text, the_audience text, the_tier text,
  the_event uuid, correlation uuid, now_at timestamptz, event_subject text, event_bytes bytea, claim_until timestamptz,
  max_under_way integer, counted_since timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM users WHERE did = the_user AND deleted_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'no_user';
  END IF;
  IF max_under_way <= (
    SELECT count(*) FROM analysis_requests r
    WHERE r.user_id = the_user AND r.requested_at > counted_since
      AND NOT EXISTS (SELECT FROM timeline_analyses a WHERE a.id = r.id AND a.status IN ('completed', 'failed'))
  ) THEN
    RETURN 'under_way';
  END IF;
  INSERT INTO analysis_requests (id, user_id, subject_did, type, time_window, audience, tier, request_event_id, correlation_id, requested_at)
  VALUES (the_id, the_user, subject, lens, the_window, the_audience, the_tier, the_event, correlation, now_at);
  INSERT INTO outbox (event_id, subject, correlation_id, bytes, created_at, claimed_until)
  VALUES (the_event, event_subject, correlation::text, event_bytes, now_at, claim_until);
  RETURN 'accepted';
END $$;
