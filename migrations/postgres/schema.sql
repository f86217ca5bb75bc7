-- Made by `skyflow migrate dump-schema --store postgres` from the migrations beside it. Do not edit.

CREATE TABLE analysis_requests (
  id uuid NOT NULL,
  user_id text NOT NULL,
  subject_did text NOT NULL,
  type text NOT NULL,
  time_window text NOT NULL,
  audience text NOT NULL,
  tier text NOT NULL,
  request_event_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  requested_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT analysis_requests_pkey PRIMARY KEY (id),
  CONSTRAINT analysis_requests_audience_check CHECK (audience = ANY (ARRAY['following'::text, 'mutual'::text])),
  CONSTRAINT analysis_requests_subject_did_check CHECK (subject_did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$'::text AND length(subject_did) <= 2048),
  CONSTRAINT analysis_requests_tier_check CHECK (tier = ANY (ARRAY['drift'::text, 'lift'::text, 'jet'::text, 'orbit'::text])),
  CONSTRAINT analysis_requests_time_window_check CHECK (time_window = ANY (ARRAY['24h'::text, '48h'::text, '7d'::text, '30d'::text])),
  CONSTRAINT analysis_requests_type_check CHECK (type = ANY (ARRAY['flow'::text, 'clout'::text, 'kudos'::text, 'pulse'::text])),
  CONSTRAINT analysis_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(did) ON DELETE CASCADE
);
CREATE INDEX analysis_requests_history ON analysis_requests USING btree (user_id, requested_at DESC, id DESC);

CREATE TABLE api_keys (
  id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hash text NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone,
  revoked_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_hash_key UNIQUE (hash),
  CONSTRAINT api_keys_hash_check CHECK (hash ~ '^[0-9a-f]{64}$'::text),
  CONSTRAINT api_keys_name_check CHECK (length(name) >= 1 AND length(name) <= 100),
  CONSTRAINT api_keys_prefix_check CHECK (length(prefix) <= 16),
  CONSTRAINT api_keys_scopes_check CHECK (cardinality(scopes) >= 1 AND cardinality(scopes) <= 20)
);

CREATE TABLE feed_bans (
  subject text NOT NULL,
  reason text DEFAULT ''::text NOT NULL,
  banned_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT feed_bans_pkey PRIMARY KEY (subject),
  CONSTRAINT feed_bans_reason_check CHECK (length(reason) <= 1000),
  CONSTRAINT feed_bans_subject_check CHECK (subject ~ '^(did:|at://did:)'::text AND length(subject) <= 8192)
);

CREATE TABLE feed_members (
  rkey text NOT NULL,
  did text NOT NULL,
  added_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT feed_members_pkey PRIMARY KEY (rkey, did),
  CONSTRAINT feed_members_did_check CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$'::text AND length(did) <= 2048),
  CONSTRAINT feed_members_rkey_check CHECK (rkey ~ '^[A-Za-z0-9._:~-]+$'::text AND length(rkey) <= 512)
);

CREATE TABLE feed_publications (
  rkey text NOT NULL,
  publisher_did text NOT NULL,
  cid text NOT NULL,
  published_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT feed_publications_pkey PRIMARY KEY (rkey, publisher_did),
  CONSTRAINT feed_publications_cid_check CHECK (length(cid) <= 256),
  CONSTRAINT feed_publications_publisher_did_check CHECK (publisher_did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$'::text AND length(publisher_did) <= 2048),
  CONSTRAINT feed_publications_rkey_check CHECK (rkey ~ '^[A-Za-z0-9._:~-]+$'::text AND length(rkey) <= 512)
);

CREATE TABLE feed_rule_versions (
  name text NOT NULL,
  version bigint DEFAULT 0 NOT NULL,
  CONSTRAINT feed_rule_versions_pkey PRIMARY KEY (name),
  CONSTRAINT feed_rule_versions_name_check CHECK (name = ANY (ARRAY['members'::text, 'bans'::text, 'publications'::text]))
);

CREATE TABLE outbox (
  event_id uuid NOT NULL,
  subject text NOT NULL,
  correlation_id text NOT NULL,
  bytes bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  claimed_until timestamp(3) with time zone NOT NULL,
  published_at timestamp(3) with time zone,
  CONSTRAINT outbox_pkey PRIMARY KEY (event_id)
);
CREATE INDEX outbox_pending ON outbox USING btree (claimed_until) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox USING btree (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE timeline_analyses (
  id uuid NOT NULL,
  user_id text NOT NULL,
  subject_did text NOT NULL,
  type text NOT NULL,
  time_window text NOT NULL,
  audience text NOT NULL,
  status text NOT NULL,
  cached boolean DEFAULT false NOT NULL,
  attempts integer DEFAULT 1 NOT NULL,
  duration_ms integer,
  score double precision,
  result jsonb,
  error_code text,
  error_message text,
  correlation_id text NOT NULL,
  started_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  CONSTRAINT timeline_analyses_pkey PRIMARY KEY (id),
  CONSTRAINT timeline_analyses_attempts_check CHECK (attempts >= 0),
  CONSTRAINT timeline_analyses_audience_check CHECK (length(audience) <= 32),
  CONSTRAINT timeline_analyses_completed CHECK ((status = 'completed'::text) = (result IS NOT NULL)),
  CONSTRAINT timeline_analyses_correlation_id_check CHECK (length(correlation_id) <= 128),
  CONSTRAINT timeline_analyses_duration_ms_check CHECK (duration_ms >= 0),
  CONSTRAINT timeline_analyses_ended CHECK ((status = 'processing'::text) = (finished_at IS NULL)),
  CONSTRAINT timeline_analyses_failed CHECK ((status = 'failed'::text) = (error_code IS NOT NULL)),
  CONSTRAINT timeline_analyses_status_check CHECK (status = ANY (ARRAY['processing'::text, 'completed'::text, 'failed'::text])),
  CONSTRAINT timeline_analyses_subject_did_check CHECK (length(subject_did) <= 2048),
  CONSTRAINT timeline_analyses_time_window_check CHECK (length(time_window) <= 32),
  CONSTRAINT timeline_analyses_type_check CHECK (length(type) <= 32),
  CONSTRAINT timeline_analyses_user_id_check CHECK (length(user_id) <= 2048)
);
CREATE INDEX timeline_analyses_user ON timeline_analyses USING btree (user_id);

CREATE TABLE users (
  did text NOT NULL,
  handle text,
  tier text DEFAULT 'drift'::text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  deleted_at timestamp with time zone,
  CONSTRAINT users_pkey PRIMARY KEY (did),
  CONSTRAINT users_did_check CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$'::text AND length(did) <= 2048),
  CONSTRAINT users_handle_check CHECK (length(handle) <= 253),
  CONSTRAINT users_tier_check CHECK (tier = ANY (ARRAY['drift'::text, 'lift'::text, 'jet'::text, 'orbit'::text]))
);
CREATE INDEX users_deleted_at ON users USING btree (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX users_handle ON users USING btree (lower(handle)) WHERE deleted_at IS NULL;

CREATE OR REPLACE FUNCTION accept_analysis(the_id uuid, the_user text, subject text, lens text, the_window text, the_audience text, the_tier text, the_event uuid, correlation uuid, now_at timestamp with time zone, event_subject text, event_bytes bytea, claim_until timestamp with time zone, max_under_way integer, counted_since timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
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
END $function$
;
