-- Posts with one of some words, hashtags or a pattern (RE2) in their text or alt texts, and none of others; the newest first.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_hours:UInt32} * 3600000 AS since_ms,
    -- Whole words, letters and digits on neither side; but in scripts that are written without spaces, anywhere. The sides stand
    -- once for all words: once for each, a few words make an automaton that does not fit and takes milliseconds a post.
    '[\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}]' AS unspaced,
    concat(
        '(?:^|[^\\pL\\pN_])(?:', arrayStringConcat(arrayMap(word -> regexpQuoteMeta(lowerUTF8(word)), {words:Array(String)}), '|'), ')(?:$|[^\\pL\\pN_])',
        arrayStringConcat(arrayMap(word -> concat('|', regexpQuoteMeta(lowerUTF8(word))), arrayFilter(word -> match(word, unspaced), {words:Array(String)})))
    ) AS wanted_words,
    concat(
        '(?:^|[^\\pL\\pN_])(?:', arrayStringConcat(arrayMap(word -> regexpQuoteMeta(lowerUTF8(word)), {exclude_words:Array(String)}), '|'), ')(?:$|[^\\pL\\pN_])',
        arrayStringConcat(arrayMap(word -> concat('|', regexpQuoteMeta(lowerUTF8(word))), arrayFilter(word -> match(word, unspaced), {exclude_words:Array(String)})))
    ) AS unwanted_words,
    arrayMap(tag -> lowerUTF8(trim(LEADING '#' FROM tag)), {hashtags:Array(String)}) AS wanted_tags,
    arrayMap(tag -> lowerUTF8(trim(LEADING '#' FROM tag)), {exclude_hashtags:Array(String)}) AS unwanted_tags,
    -- The newest that match. Whether that is how they are now, `author_posts` says: an edit is a row of a higher version.
    (
        SELECT groupArray((author, post, edition, at))
        FROM (
            SELECT author, post, edition, at
            FROM (
                SELECT posts.actor_id AS author, posts.tid AS post, version AS edition, toUnixTimestamp64Milli(sort_at) AS at,
                    arrayMap(tag -> lowerUTF8(tag), tags) AS its_tags, concat(text, '\n', arrayStringConcat(alt_texts, '\n')) AS words_of_it
                FROM posts
                WHERE (day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01') AND posts.deleted = 0
                    AND at >= since_ms AND at <= now_ms AND ({replies:UInt8} = 1 OR reply_parent_id = 0)
                    AND (hasAny(its_tags, wanted_tags)
                        OR (notEmpty({words:Array(String)}) AND match(lowerUTF8(words_of_it), wanted_words))
                        OR ({pattern:String} != '' AND match(words_of_it, {pattern:String})))
                    AND NOT hasAny(its_tags, unwanted_tags)
                    AND NOT (notEmpty({exclude_words:Array(String)}) AND match(lowerUTF8(words_of_it), unwanted_words))
                    AND NOT ({exclude_pattern:String} != '' AND match(words_of_it, {exclude_pattern:String}))
            )
            GROUP BY author, post, edition, at
            ORDER BY at DESC, post DESC
            LIMIT {candidates:UInt32}
        )
    ) AS matches
SELECT found.1 AS actor_id, found.2 AS tid, found.4 AS score
FROM (SELECT arrayJoin(matches) AS found)
WHERE (actor_id, tid, found.3) IN (
        SELECT author_posts.actor_id, author_posts.tid, max(version)
        FROM author_posts
        WHERE (author_posts.actor_id, author_posts.tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(matches) AS one))
        GROUP BY author_posts.actor_id, author_posts.tid
        HAVING argMax(deleted, version) = 0
    )
    AND actor_id NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
