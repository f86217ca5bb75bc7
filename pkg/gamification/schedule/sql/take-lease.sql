-- Takes job $1 in hand for $3 until $4, unless somebody else has it at $5; $2: until when it counts as done where it never ran. An
-- UPDATE and no lock of a session: the embedded Postgres has one session for all.
INSERT INTO scheduled_jobs AS j (job, done_through, leased_by, leased_until)
VALUES ($1, $2::timestamptz, $3, $4::timestamptz)
ON CONFLICT (job) DO UPDATE SET leased_by = excluded.leased_by, leased_until = excluded.leased_until
-- Its own it takes again: giving it back failed when Postgres went away.
WHERE j.leased_by IS NULL OR j.leased_by = excluded.leased_by OR j.leased_until IS NULL OR j.leased_until <= $5::timestamptz
RETURNING j.done_through
