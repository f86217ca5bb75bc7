-- Until when the work by the calendar is done; a lease that has not run out: somebody is at it.
SELECT job, done_through, leased_until IS NOT NULL AND leased_until > now() AS at_work FROM scheduled_jobs ORDER BY job
