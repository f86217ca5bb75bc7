-- Whoever lost the lease moves nothing on, and nothing ever goes back.
UPDATE scheduled_jobs SET done_through = greatest(done_through, $3::timestamptz) WHERE job = $1 AND leased_by = $2 RETURNING job
