-- What became of an analysis. The timeline service alone writes here; no row yet means that it was not taken yet.
CREATE TABLE IF NOT EXISTS timeline_analyses (
  -- The id of the request. Not a reference: the service that accepts and the one that computes meet on the bus only.
  id uuid PRIMARY KEY,
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  subject_did text NOT NULL CHECK (length(subject_did) <= 2048),
  -- As asked. Not checked against the lenses of today: a question that this version does not know ends here as failed.
  type text NOT NULL CHECK (length(type) <= 32),
  time_window text NOT NULL CHECK (length(time_window) <= 32),
  audience text NOT NULL CHECK (length(audience) <= 32),
  status text NOT NULL CHECK (status IN ('processing', 'completed', 'failed')),
  -- Whether another request had it computed.
  cached boolean NOT NULL DEFAULT false,
  attempts integer NOT NULL DEFAULT 1 CHECK (attempts >= 0),
  -- From taking the request to the answer, of the attempt that ended it.
  duration_ms integer CHECK (duration_ms >= 0),
  -- 0 to 10; null where the answer has none.
  score double precision,
  -- The whole answer, as pkg/contracts/lens.ts describes it.
  result jsonb,
  error_code text,
  error_message text,
  correlation_id text NOT NULL CHECK (length(correlation_id) <= 128),
  started_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3),
  CONSTRAINT timeline_analyses_ended CHECK ((status = 'processing') = (finished_at IS NULL)),
  CONSTRAINT timeline_analyses_completed CHECK ((status = 'completed') = (result IS NOT NULL)),
  CONSTRAINT timeline_analyses_failed CHECK ((status = 'failed') = (error_code IS NOT NULL))
);

-- For erasing and exporting what belongs to one user.
CREATE INDEX IF NOT EXISTS timeline_analyses_user ON timeline_analyses (user_id);
