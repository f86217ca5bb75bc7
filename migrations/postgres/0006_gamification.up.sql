-- XP, streaks, achievements. `xp_transactions` is the truth; all other tables here can be made of it again.

-- Who brought a user here; written at the first sign-in and never again.
ALTER TABLE users ADD COLUMN IF NOT EXISTS referred_by text CHECK (length(referred_by) <= 2048);

-- Whether they keep off leaderboards: their own choice, which follows from no ledger.
ALTER TABLE users ADD COLUMN IF NOT EXISTS off_leaderboards boolean NOT NULL DEFAULT false;

-- Every change of a user's XP, in the order in which it was counted. Never updated, never deleted but with its user.
CREATE TABLE IF NOT EXISTS xp_transactions (
  -- Rises in the order in which rows are counted.
  id bigint GENERATED ALWAYS AS IDENTITY,
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  event_type text NOT NULL CHECK (event_type IN ('timeline_analyzed', 'achievement_unlocked', 'daily_streak', 'referral_signup')),
  -- What it is for: an analysis, an achievement, a day, a user who came. With the two columns above it names the row for good.
  event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 128),
  -- Signed; bounded, so that no mistake can make a total that does not fit.
  xp_delta integer NOT NULL CHECK (xp_delta BETWEEN -1000000 AND 1000000),
  -- Of this user after this row.
  xp_total bigint NOT NULL,
  -- In hundredths: 150 is one and a half times.
  xp_multiplier integer NOT NULL DEFAULT 100 CHECK (xp_multiplier BETWEEN 1 AND 10000),
  reason text NOT NULL CHECK (length(reason) <= 200),
  metadata jsonb NOT NULL DEFAULT '{}',
  is_bonus boolean NOT NULL DEFAULT false,
  bonus_reason text NOT NULL DEFAULT '' CHECK (length(bonus_reason) <= 100),
  -- When it was earned: of this moment are its day and its week, however late it is counted.
  occurred_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- The ledger of one user, in its order. One index does for both: this is the table that is written most.
  PRIMARY KEY (user_id, id),
  CONSTRAINT xp_transactions_once UNIQUE (user_id, event_type, event_id)
);

-- What stands in the ledger of one user, summed up: who awards locks this row, so that one user's rows are written one after the other.
CREATE TABLE IF NOT EXISTS players (
  user_id text PRIMARY KEY CHECK (length(user_id) <= 2048),
  xp_total bigint NOT NULL DEFAULT 0,
  analyses bigint NOT NULL DEFAULT 0,
  referrals bigint NOT NULL DEFAULT 0,
  -- Which lenses they have asked for, sorted.
  lenses text[] NOT NULL DEFAULT '{}',
  -- Of the newest event about this user, and when that was: freezes go by it.
  tier text NOT NULL DEFAULT 'drift' CHECK (tier IN ('drift', 'lift', 'jet', 'orbit')),
  tier_since timestamptz(3) NOT NULL DEFAULT '1970-01-01T00:00:00Z',
  -- From the index; null until looked up.
  network_size bigint,
  tracked_users bigint,
  network_at timestamptz(3),
  -- The user does not want to stand on leaderboards; the network says the account is gone.
  hidden boolean NOT NULL DEFAULT false,
  inactive boolean NOT NULL DEFAULT false,
  -- Counted up by every change that a leaderboard shows, so that an older reading never overwrites a newer one.
  version bigint NOT NULL DEFAULT 0
)
-- Room on each page for a row's next state; with no index on what changes, no index is written when it does.
WITH (fillfactor = 70);

-- XP by ISO week, told by its Monday.
CREATE TABLE IF NOT EXISTS weekly_xp (
  week date NOT NULL CHECK (extract(isodow FROM week) = 1),
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  xp bigint NOT NULL,
  PRIMARY KEY (week, user_id)
)
WITH (fillfactor = 70);

-- The tiers that a user has had, for days that are judged late.
CREATE TABLE IF NOT EXISTS player_tiers (
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  since timestamptz(3) NOT NULL,
  tier text NOT NULL CHECK (tier IN ('drift', 'lift', 'jet', 'orbit')),
  PRIMARY KEY (user_id, since)
);

-- Every day (UTC) that counts: with an analysis, or bridged by a freeze. The streak follows from these.
CREATE TABLE IF NOT EXISTS streak_days (
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  day date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('active', 'frozen')),
  PRIMARY KEY (user_id, day)
);

CREATE TABLE IF NOT EXISTS streaks (
  user_id text PRIMARY KEY CHECK (length(user_id) <= 2048),
  current_streak integer NOT NULL DEFAULT 0 CHECK (current_streak >= 0),
  longest_streak integer NOT NULL DEFAULT 0 CHECK (longest_streak >= current_streak),
  -- The last day that counts.
  last_activity_date date,
  streak_start_date date,
  freezes_left integer NOT NULL DEFAULT 0 CHECK (freezes_left >= 0),
  -- The month for which they were given last, by its first day.
  freezes_month date
)
WITH (fillfactor = 70);
-- Whom the judgement of a day may concern.
CREATE INDEX IF NOT EXISTS streaks_alive ON streaks (last_activity_date) WHERE current_streak > 0;

CREATE TABLE IF NOT EXISTS user_achievements (
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9_]{0,63}$'),
  unlocked_at timestamptz(3) NOT NULL,
  PRIMARY KEY (user_id, slug)
);

-- Weeks that are over, as they ended: those who share a place have the same rank.
CREATE TABLE IF NOT EXISTS leaderboards (
  -- 2026-W47, by ISO 8601.
  period text NOT NULL CHECK (period ~ '^[0-9]{4}-W[0-9]{2}$'),
  rank integer NOT NULL CHECK (rank > 0),
  user_id text NOT NULL CHECK (length(user_id) <= 2048),
  xp bigint NOT NULL,
  PRIMARY KEY (period, user_id)
);
CREATE INDEX IF NOT EXISTS leaderboards_by_rank ON leaderboards (period, rank);

-- Work by the calendar: until when it is done, and who is at it.
CREATE TABLE IF NOT EXISTS scheduled_jobs (
  job text PRIMARY KEY CHECK (length(job) <= 64),
  done_through timestamptz(3) NOT NULL,
  leased_by text,
  leased_until timestamptz(3)
);
