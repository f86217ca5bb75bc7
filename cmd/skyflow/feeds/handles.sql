-- The last handles of some accounts, where an event ever told one.
SELECT did, handle
FROM accounts
WHERE actor_id IN {ids:Array(UInt64)} AND handle != ''
