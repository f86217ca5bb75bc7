SELECT done_through FROM scheduled_jobs WHERE job = $1
