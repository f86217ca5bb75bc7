-- What templates/keyword asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT tuple(argMax(at_ms, version), argMax(reply_parent_id, version), argMax(langs, version))
        FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS fact,
    (now_ms - fact.1) / 3600000 AS age_hours,
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
    (
        SELECT tuple(argMax(concat(text, '\n', arrayStringConcat(alt_texts, '\n')), version), argMax(arrayMap(tag -> lowerUTF8(tag), tags), version))
        FROM posts
        WHERE day = toDate(toUInt16(if(bitShiftRight({post_tid:UInt64}, 63) = 1, 0, least(intDiv(bitShiftRight({post_tid:UInt64}, 10), 86400000000), 65535))))
            AND posts.actor_id = {post_actor:UInt64} AND posts.tid = {post_tid:UInt64}
    ) AS words_of_it
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('age', toUInt8(now_ms >= fact.1 AND now_ms - fact.1 <= {window_hours:UInt32} * 3600000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_hours:UInt32}), ' hours')),
    ('no reply', toUInt8({replies:UInt8} = 1 OR fact.2 = 0), if(fact.2 = 0, 'a post', 'a reply'), if({replies:UInt8} = 1, 'a post or a reply', 'a post that replies to nothing')),
    ('a wanted word', toUInt8(hasAny(words_of_it.2, wanted_tags) OR (notEmpty({words:Array(String)}) AND match(lowerUTF8(words_of_it.1), wanted_words)) OR ({pattern:String} != '' AND match(words_of_it.1, {pattern:String}))), multiIf(hasAny(words_of_it.2, wanted_tags), 'a hashtag', notEmpty({words:Array(String)}) AND match(lowerUTF8(words_of_it.1), wanted_words), 'a word', {pattern:String} != '' AND match(words_of_it.1, {pattern:String}), 'the pattern', 'none'), 'a word, a hashtag or the pattern'),
    ('no unwanted word', toUInt8(NOT (hasAny(words_of_it.2, unwanted_tags) OR (notEmpty({exclude_words:Array(String)}) AND match(lowerUTF8(words_of_it.1), unwanted_words)) OR ({exclude_pattern:String} != '' AND match(words_of_it.1, {exclude_pattern:String})))), multiIf(hasAny(words_of_it.2, unwanted_tags), 'a hashtag', notEmpty({exclude_words:Array(String)}) AND match(lowerUTF8(words_of_it.1), unwanted_words), 'a word', {exclude_pattern:String} != '' AND match(words_of_it.1, {exclude_pattern:String}), 'the pattern', 'none'), 'none')
]) AS line)
