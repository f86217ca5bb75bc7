-- A person who uses Skyflow. The identity is the DID: there is no password and no other id.
CREATE TABLE IF NOT EXISTS users (
  did text PRIMARY KEY CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND length(did) <= 2048),
  -- The last handle we heard of. Not unique: a handle can move to another account before we hear that it left.
  handle text CHECK (length(handle) <= 253),
  tier text NOT NULL DEFAULT 'drift' CHECK (tier IN ('drift', 'lift', 'jet', 'orbit')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- Soft delete: billing and audit keep their rows, everything else is erased within a day.
  deleted_at timestamptz
);

CREATE INDEX IF NOT EXISTS users_handle ON users (lower(handle)) WHERE deleted_at IS NULL;
-- The eraser's work list: short, as most users are not deleted.
CREATE INDEX IF NOT EXISTS users_deleted_at ON users (deleted_at) WHERE deleted_at IS NOT NULL;
