-- Everything that was told on the bus, once; and every message that could not be handled, and every try to have it handled again.
CREATE TABLE IF NOT EXISTS audit_log (
  -- The event's own id; of a dead letter and of a replay the id of that message.
  id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 256),
  kind text NOT NULL CHECK (kind IN ('event', 'dead_letter', 'replay')),
  -- Empty where the bytes do not say.
  event_id text NOT NULL DEFAULT '' CHECK (length(event_id) <= 128),
  subject text NOT NULL CHECK (length(subject) <= 256),
  aggregate_id text NOT NULL DEFAULT '' CHECK (length(aggregate_id) <= 2048),
  aggregate_type text NOT NULL DEFAULT '' CHECK (length(aggregate_type) <= 64),
  correlation_id text NOT NULL DEFAULT '' CHECK (length(correlation_id) <= 128),
  causation_id text NOT NULL DEFAULT '' CHECK (length(causation_id) <= 128),
  version integer NOT NULL DEFAULT 0,
  -- As the event says, and when its stream took it.
  occurred_at timestamptz(3),
  recorded_at timestamptz(3) NOT NULL,
  -- The message as it was. Empty for a replay: its bytes are those of the dead letter.
  bytes bytea NOT NULL
);
-- One request and all that followed from it; the history of one user or analysis.
CREATE INDEX IF NOT EXISTS audit_log_correlation ON audit_log (correlation_id) WHERE correlation_id <> '';
CREATE INDEX IF NOT EXISTS audit_log_aggregate ON audit_log (aggregate_id) WHERE aggregate_id <> '';
-- For what happened last, and for deleting the old. Rows come nearly in that order, so that it costs little.
CREATE INDEX IF NOT EXISTS audit_log_recorded ON audit_log (recorded_at);

-- Messages that no handler could finish.
CREATE TABLE IF NOT EXISTS dlq_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of the message in the stream of dead letters; recognises it when it comes twice.
  message_id text NOT NULL UNIQUE CHECK (length(message_id) <= 256),
  event_id text NOT NULL DEFAULT '' CHECK (length(event_id) <= 128),
  correlation_id text NOT NULL DEFAULT '' CHECK (length(correlation_id) <= 128),
  -- Where it came from, and where a replay puts it back.
  subject text NOT NULL CHECK (length(subject) <= 256),
  -- Which consumer gave up, after how many attempts, and why.
  durable text NOT NULL CHECK (length(durable) <= 64),
  attempts integer NOT NULL CHECK (attempts >= 0),
  error text NOT NULL CHECK (length(error) <= 1000),
  -- Of the message, as name and value; what the server wrote into the original is there as Skyflow-Original-*.
  headers jsonb NOT NULL DEFAULT '{}',
  data bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  retry_count integer NOT NULL DEFAULT 0,
  last_retry_at timestamptz(3)
);
CREATE INDEX IF NOT EXISTS dlq_events_event ON dlq_events (event_id);
-- Those that nobody has looked after yet.
CREATE INDEX IF NOT EXISTS dlq_events_open ON dlq_events (created_at) WHERE last_retry_at IS NULL;
