-- What counts of the accounts `ids` from `since_ms` on: live posts, each a row by its own author, and live reactions by active
-- accounts, with no block between the two sides. What is left without its post was deleted or never seen. `posted` is the time
-- of a post. The hint skips parts that hold older days only.
audience_rows AS (
    SELECT subject_id AS author, subject_tid AS post, kind, actor_id AS other, if(kind = 'post', 0, tid) AS key,
        argMax(tid, version) AS posted
    FROM engagement
    WHERE subject_id IN {ids:Array(UInt64)} AND subject_tid >= {since_tid:UInt64}
      AND indexHint(subject_day >= toDate({since_day:Date}) OR subject_day = '1970-01-01')
    GROUP BY author, post, kind, other, key
    HAVING argMax(deleted, version) = 0
       AND other NOT IN (SELECT actor_id FROM inactive_accounts)
       AND (kind = 'post' OR (author, other) NOT IN (
        SELECT account_id, other_id FROM blocked_pairs WHERE account_id IN {ids:Array(UInt64)}
        GROUP BY account_id, other_id, block HAVING bitAnd(max(state), 1) = 0))
)
