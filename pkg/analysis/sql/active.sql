-- How many of some accounts are active, and whether one of them has posted in the window.
SELECT
    (SELECT countIf(id NOT IN (SELECT actor_id FROM inactive_accounts)) FROM (SELECT arrayJoin({ids:Array(UInt64)}) AS id)) AS accounts,
    (SELECT toUInt8(count() > 0) FROM audience_posts) AS posted
