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

CREATE TABLE audit_log (
  id text NOT NULL,
  kind text NOT NULL,
  event_id text DEFAULT ''::text NOT NULL,
  subject text NOT NULL,
  aggregate_id text DEFAULT ''::text NOT NULL,
  aggregate_type text DEFAULT ''::text NOT NULL,
  correlation_id text DEFAULT ''::text NOT NULL,
  causation_id text DEFAULT ''::text NOT NULL,
  version integer DEFAULT 0 NOT NULL,
  occurred_at timestamp(3) with time zone,
  recorded_at timestamp(3) with time zone NOT NULL,
  bytes bytea NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id),
  CONSTRAINT audit_log_aggregate_id_check CHECK (length(aggregate_id) <= 2048),
  CONSTRAINT audit_log_aggregate_type_check CHECK (length(aggregate_type) <= 64),
  CONSTRAINT audit_log_causation_id_check CHECK (length(causation_id) <= 128),
  CONSTRAINT audit_log_correlation_id_check CHECK (length(correlation_id) <= 128),
  CONSTRAINT audit_log_event_id_check CHECK (length(event_id) <= 128),
  CONSTRAINT audit_log_id_check CHECK (length(id) >= 1 AND length(id) <= 256),
  CONSTRAINT audit_log_kind_check CHECK (kind = ANY (ARRAY['event'::text, 'dead_letter'::text, 'replay'::text])),
  CONSTRAINT audit_log_subject_check CHECK (length(subject) <= 256)
);
CREATE INDEX audit_log_aggregate ON audit_log USING btree (aggregate_id) WHERE aggregate_id <> ''::text;
CREATE INDEX audit_log_correlation ON audit_log USING btree (correlation_id) WHERE correlation_id <> ''::text;
CREATE INDEX audit_log_recorded ON audit_log USING btree (recorded_at);

CREATE TABLE dlq_events (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  message_id text NOT NULL,
  event_id text DEFAULT ''::text NOT NULL,
  correlation_id text DEFAULT ''::text NOT NULL,
  subject text NOT NULL,
  durable text NOT NULL,
  attempts integer NOT NULL,
  error text NOT NULL,
  headers jsonb DEFAULT '{}'::jsonb NOT NULL,
  data bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  retry_count integer DEFAULT 0 NOT NULL,
  last_retry_at timestamp(3) with time zone,
  CONSTRAINT dlq_events_pkey PRIMARY KEY (id),
  CONSTRAINT dlq_events_message_id_key UNIQUE (message_id),
  CONSTRAINT dlq_events_attempts_check CHECK (attempts >= 0),
  CONSTRAINT dlq_events_correlation_id_check CHECK (length(correlation_id) <= 128),
  CONSTRAINT dlq_events_durable_check CHECK (length(durable) <= 64),
  CONSTRAINT dlq_events_error_check CHECK (length(error) <= 1000),
  CONSTRAINT dlq_events_event_id_check CHECK (length(event_id) <= 128),
  CONSTRAINT dlq_events_message_id_check CHECK (length(message_id) <= 256),
  CONSTRAINT dlq_events_subject_check CHECK (length(subject) <= 256)
);
CREATE INDEX dlq_events_event ON dlq_events USING btree (event_id);
CREATE INDEX dlq_events_open ON dlq_events USING btree (created_at) WHERE last_retry_at IS NULL;

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

CREATE TABLE leaderboards (
  period text NOT NULL,
  rank integer NOT NULL,
  user_id text NOT NULL,
  xp bigint NOT NULL,
  CONSTRAINT leaderboards_pkey PRIMARY KEY (period, user_id),
  CONSTRAINT leaderboards_period_check CHECK (period ~ '^[0-9]{4}-W[0-9]{2}$'::text),
  CONSTRAINT leaderboards_rank_check CHECK (rank > 0),
  CONSTRAINT leaderboards_user_id_check CHECK (length(user_id) <= 2048)
);
CREATE INDEX leaderboards_by_rank ON leaderboards USING btree (period, rank);

CREATE TABLE outbox (
  event_id uuid NOT NULL,
  subject text NOT NULL,
  correlation_id text NOT NULL,
  bytes bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  claimed_until timestamp(3) with time zone NOT NULL,
  CONSTRAINT outbox_pkey PRIMARY KEY (event_id)
);
CREATE INDEX outbox_pending ON outbox USING btree (claimed_until);

CREATE TABLE player_tiers (
  user_id text NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  tier text NOT NULL,
  CONSTRAINT player_tiers_pkey PRIMARY KEY (user_id, since),
  CONSTRAINT player_tiers_tier_check CHECK (tier = ANY (ARRAY['drift'::text, 'lift'::text, 'jet'::text, 'orbit'::text])),
  CONSTRAINT player_tiers_user_id_check CHECK (length(user_id) <= 2048)
);

CREATE TABLE players (
  user_id text NOT NULL,
  xp_total bigint DEFAULT 0 NOT NULL,
  analyses bigint DEFAULT 0 NOT NULL,
  referrals bigint DEFAULT 0 NOT NULL,
  lenses text[] DEFAULT '{}'::text[] NOT NULL,
  tier text DEFAULT 'drift'::text NOT NULL,
  tier_since timestamp(3) with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
  network_size bigint,
  tracked_users bigint,
  network_at timestamp(3) with time zone,
  hidden boolean DEFAULT false NOT NULL,
  inactive boolean DEFAULT false NOT NULL,
  version bigint DEFAULT 0 NOT NULL,
  CONSTRAINT players_pkey PRIMARY KEY (user_id),
  CONSTRAINT players_tier_check CHECK (tier = ANY (ARRAY['drift'::text, 'lift'::text, 'jet'::text, 'orbit'::text])),
  CONSTRAINT players_user_id_check CHECK (length(user_id) <= 2048)
);

CREATE TABLE scheduled_jobs (
  job text NOT NULL,
  done_through timestamp(3) with time zone NOT NULL,
  leased_by text,
  leased_until timestamp(3) with time zone,
  CONSTRAINT scheduled_jobs_pkey PRIMARY KEY (job),
  CONSTRAINT scheduled_jobs_job_check CHECK (length(job) <= 64)
);

CREATE TABLE streak_days (
  user_id text NOT NULL,
  day date NOT NULL,
  kind text NOT NULL,
  CONSTRAINT streak_days_pkey PRIMARY KEY (user_id, day),
  CONSTRAINT streak_days_kind_check CHECK (kind = ANY (ARRAY['active'::text, 'frozen'::text])),
  CONSTRAINT streak_days_user_id_check CHECK (length(user_id) <= 2048)
);

CREATE TABLE streaks (
  user_id text NOT NULL,
  current_streak integer DEFAULT 0 NOT NULL,
  longest_streak integer DEFAULT 0 NOT NULL,
  last_activity_date date,
  streak_start_date date,
  freezes_left integer DEFAULT 0 NOT NULL,
  freezes_month date,
  CONSTRAINT streaks_pkey PRIMARY KEY (user_id),
  CONSTRAINT streaks_check CHECK (longest_streak >= current_streak),
  CONSTRAINT streaks_current_streak_check CHECK (current_streak >= 0),
  CONSTRAINT streaks_freezes_left_check CHECK (freezes_left >= 0),
  CONSTRAINT streaks_user_id_check CHECK (length(user_id) <= 2048)
);
CREATE INDEX streaks_alive ON streaks USING btree (last_activity_date) WHERE current_streak > 0;

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

CREATE TABLE user_achievements (
  user_id text NOT NULL,
  slug text NOT NULL,
  unlocked_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT user_achievements_pkey PRIMARY KEY (user_id, slug),
  CONSTRAINT user_achievements_slug_check CHECK (slug ~ '^[a-z][a-z0-9_]{0,63}$'::text),
  CONSTRAINT user_achievements_user_id_check CHECK (length(user_id) <= 2048)
);

CREATE TABLE users (
  did text NOT NULL,
  handle text,
  tier text DEFAULT 'drift'::text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  deleted_at timestamp with time zone,
  referred_by text,
  off_leaderboards boolean DEFAULT false NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (did),
  CONSTRAINT users_did_check CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$'::text AND length(did) <= 2048),
  CONSTRAINT users_handle_check CHECK (length(handle) <= 253),
  CONSTRAINT users_referred_by_check CHECK (length(referred_by) <= 2048),
  CONSTRAINT users_tier_check CHECK (tier = ANY (ARRAY['drift'::text, 'lift'::text, 'jet'::text, 'orbit'::text]))
);
CREATE INDEX users_deleted_at ON users USING btree (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX users_handle ON users USING btree (lower(handle)) WHERE deleted_at IS NULL;

CREATE TABLE weekly_xp (
  week date NOT NULL,
  user_id text NOT NULL,
  xp bigint NOT NULL,
  CONSTRAINT weekly_xp_pkey PRIMARY KEY (week, user_id),
  CONSTRAINT weekly_xp_user_id_check CHECK (length(user_id) <= 2048),
  CONSTRAINT weekly_xp_week_check CHECK (EXTRACT(isodow FROM week) = 1::numeric)
);

CREATE TABLE xp_transactions (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  user_id text NOT NULL,
  event_type text NOT NULL,
  event_id text NOT NULL,
  xp_delta integer NOT NULL,
  xp_total bigint NOT NULL,
  xp_multiplier integer DEFAULT 100 NOT NULL,
  reason text NOT NULL,
  metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
  is_bonus boolean DEFAULT false NOT NULL,
  bonus_reason text DEFAULT ''::text NOT NULL,
  occurred_at timestamp(3) with time zone NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT xp_transactions_pkey PRIMARY KEY (user_id, id),
  CONSTRAINT xp_transactions_once UNIQUE (user_id, event_type, event_id),
  CONSTRAINT xp_transactions_bonus_reason_check CHECK (length(bonus_reason) <= 100),
  CONSTRAINT xp_transactions_event_id_check CHECK (length(event_id) >= 1 AND length(event_id) <= 128),
  CONSTRAINT xp_transactions_event_type_check CHECK (event_type = ANY (ARRAY['timeline_analyzed'::text, 'achievement_unlocked'::text, 'daily_streak'::text, 'referral_signup'::text])),
  CONSTRAINT xp_transactions_reason_check CHECK (length(reason) <= 200),
  CONSTRAINT xp_transactions_user_id_check CHECK (length(user_id) <= 2048),
  CONSTRAINT xp_transactions_xp_delta_check CHECK (xp_delta >= '-1000000'::integer AND xp_delta <= 1000000),
  CONSTRAINT xp_transactions_xp_multiplier_check CHECK (xp_multiplier >= 1 AND xp_multiplier <= 10000)
);

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
