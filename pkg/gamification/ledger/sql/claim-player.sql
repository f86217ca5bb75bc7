-- Waits for whoever is about to make this row, so that nobody's rows of this user can appear after they were erased.
INSERT INTO players (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING
