-- Made by `skyflow migrate dump-schema --store postgres` from the migrations beside it. Do not edit.

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
