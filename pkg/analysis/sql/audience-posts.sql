-- Live posts of the accounts `ids` from `since_ms` on, each with what it got: live reactions by active accounts, with no block
-- between the two sides. One pass: a post comes as a row of its own by its author, and what is left without its post was
-- deleted or never seen. `early` are the reactions made before `from_ms`, for
-- posts of the window before; keys that are no TID (top bit set) have no time and are always early.
audience_posts AS (
    SELECT
        subject_id AS author, subject_tid AS post, maxIf(posted, kind = 'post') AS at,
        uniqExactIf(other, kind = 'like') AS likes,
        countIf(kind = 'reply') AS replies,
        uniqExactIf(other, kind = 'repost') AS reposts,
        countIf(kind = 'quote') AS quotes,
        likes + replies + reposts AS skypoints,
        uniqExactIf(other, kind = 'like' AND early) + countIf(kind = 'reply' AND early)
            + uniqExactIf(other, kind = 'repost' AND early) AS early_skypoints
    FROM (
        SELECT subject_id, subject_tid, kind, actor_id AS other,
            argMax(posted_at, version) AS posted,
            bitShiftRight(tid, 63) = 1 OR bitShiftRight(tid, 10) < {from_ms:Int64} * 1000 AS early
        FROM engagement
        WHERE subject_id IN {ids:Array(UInt64)} AND subject_tid >= {since_tid:UInt64}
        GROUP BY subject_id, subject_tid, kind, other, tid
        HAVING argMax(deleted, version) = 0
    )
    WHERE other NOT IN (SELECT actor_id FROM inactive_accounts)
      AND (kind = 'post' OR (subject_id, other) NOT IN (
        SELECT account_id, other_id FROM blocked_pairs WHERE account_id IN {ids:Array(UInt64)}
        GROUP BY account_id, other_id, outgoing, tid HAVING argMax(deleted, version) = 0))
    GROUP BY subject_id, subject_tid
    HAVING countIf(kind = 'post') > 0
       AND at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
)
