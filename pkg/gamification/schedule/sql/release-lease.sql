UPDATE scheduled_jobs SET leased_by = NULL, leased_until = NULL WHERE job = $1 AND leased_by = $2
