-- Whether the list names the post, by its author's DID and its record key.
WITH
    (SELECT max(actors.did) FROM actors WHERE actors.actor_id = {post_actor:UInt64}) AS author,
    (SELECT any(rkey) FROM odd_keys WHERE key = {post_tid:UInt64}) AS odd_key,
    arrayStringConcat(arrayMap(
        shift -> substring('234567abcdefghijklmnopqrstuvwxyz', bitAnd(bitShiftRight({post_tid:UInt64}, shift), 31) + 1, 1),
        [60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 0])) AS tid_key,
    concat('at://', author, '/app.bsky.feed.post/', if(bitShiftRight({post_tid:UInt64}, 63) = 1, odd_key, tid_key)) AS uri,
    indexOf({posts:Array(String)}, uri) AS place
SELECT 'on the list' AS name, toUInt8(place > 0) AS ok, if(place > 0, concat('place ', toString(place)), 'no') AS value,
    'the post''s at-uri in the settings' AS needs
