UPDATE scheduled_jobs SET leased_until = $3::timestamptz WHERE job = $1 AND leased_by = $2 RETURNING job
