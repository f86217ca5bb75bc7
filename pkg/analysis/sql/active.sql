-- How many of some accounts are active, and whether one of them has posted in the window.
SELECT
    length({ids:Array(UInt64)}) - (
        SELECT count() FROM (
            SELECT actor_id FROM account_states WHERE actor_id IN {ids:Array(UInt64)}
            GROUP BY actor_id HAVING tupleElement(max(account), 2) = 0)) AS accounts,
    (SELECT toUInt8(count() > 0) FROM audience_posts) AS posted
