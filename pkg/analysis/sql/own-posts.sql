-- Live posts of the accounts from `lo` to `hi` (one account: both its id), each with the window it is in (`age`: 0 the one asked
-- for, 1 the one before, 2 the one before that) and with what others did with it until that window ended. A reaction lies
-- under every age at whose end it was there already, a post under all, and of a post's ages its own is kept. Keys that are no
-- TID (top bit set) have no time and were always there. Why posts are rows here: sql/audience-rows.sql.
own_posts AS (
    SELECT
        author, post, age, toInt64(maxIf(posted, kind = 'post')) AS at_ms,
        uniqExactIf(other, kind = 'like') AS likes,
        countIf(kind = 'reply') AS replies,
        uniqExactIf(other, kind = 'repost') AS reposts,
        countIf(kind = 'quote') AS quotes,
        likes + replies + reposts AS skypoints,
        groupUniqArrayIf(other, kind != 'post') AS others,
        groupUniqArrayIf(other, kind = 'reply') AS repliers
    FROM (
        SELECT subject_id AS author, subject_tid AS post, kind, actor_id AS other, if(kind = 'post', 0, tid) AS key,
            argMax(tid, version) AS posted,
            multiIf(
                kind = 'post' OR bitShiftRight(key, 63) = 1, 2,
                bitShiftRight(key, 10) >= {from_ms:Int64} * 1000, 0,
                bitShiftRight(key, 10) >= ({from_ms:Int64} - {window_ms:Int64}) * 1000, 1,
                2) AS oldest
        FROM engagement
        WHERE subject_id >= {lo:UInt64} AND subject_id <= {hi:UInt64} AND subject_tid >= {since_tid:UInt64}
          AND indexHint(subject_day >= toDate({since_day:Date}) OR subject_day = '1970-01-01')
          AND (kind = 'post' OR other != subject_id)
        GROUP BY author, post, kind, other, key
        HAVING argMax(deleted, version) = 0
    )
    ARRAY JOIN range(toUInt8(oldest + 1)) AS age
    WHERE other NOT IN (SELECT actor_id FROM inactive_accounts)
      AND (kind = 'post' OR (author, other) NOT IN (SELECT account, other FROM apart))
    GROUP BY author, post, age
    HAVING at_ms >= {since_ms:Int64} AND at_ms < {to_ms:Int64}
       AND age = if(at_ms >= {from_ms:Int64}, 0, intDiv({from_ms:Int64} - 1 - at_ms, {window_ms:Int64}) + 1)
)
