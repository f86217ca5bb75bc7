-- What the operator says about feeds.

-- Whose posts a feed of members shows, and to whom it is shown where it is for members only.
CREATE TABLE IF NOT EXISTS feed_members (
  rkey text NOT NULL CHECK (rkey ~ '^[A-Za-z0-9._:~-]+$' AND length(rkey) <= 512),
  did text NOT NULL CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND length(did) <= 2048),
  added_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (rkey, did)
);

-- Accounts (a DID) and posts (an at-uri) that no feed shows.
CREATE TABLE IF NOT EXISTS feed_bans (
  subject text PRIMARY KEY CHECK (subject ~ '^(did:|at://did:)' AND length(subject) <= 8192),
  reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 1000),
  banned_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Under which accounts a feed was published: a request for it must name one of them.
CREATE TABLE IF NOT EXISTS feed_publications (
  rkey text NOT NULL CHECK (rkey ~ '^[A-Za-z0-9._:~-]+$' AND length(rkey) <= 512),
  publisher_did text NOT NULL CHECK (publisher_did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND length(publisher_did) <= 2048),
  cid text NOT NULL CHECK (length(cid) <= 256),
  published_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (rkey, publisher_did)
);

-- Keys of programs that act for the operator. Only the hash is kept; `prefix` is for telling keys apart.
CREATE TABLE IF NOT EXISTS api_keys (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  prefix text NOT NULL CHECK (length(prefix) <= 16),
  -- SHA-256 in hex: enough for a secret of 256 random bits.
  hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
  scopes text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 20),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3)
);

-- Tells every process that holds these tables in memory when to read one anew. Whoever changes a table counts its version up in
-- the same transaction.
CREATE TABLE IF NOT EXISTS feed_rule_versions (
  name text PRIMARY KEY CHECK (name IN ('members', 'bans', 'publications')),
  version bigint NOT NULL DEFAULT 0
);
INSERT INTO feed_rule_versions (name) VALUES ('members'), ('bans'), ('publications') ON CONFLICT DO NOTHING;
