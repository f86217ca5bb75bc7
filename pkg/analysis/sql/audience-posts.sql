-- The posts among these rows, each with what it got.
audience_posts AS (
    SELECT author, post, maxIf(posted, kind = 'post') AS at_ms,
        uniqExactIf(other, kind = 'like') AS likes, countIf(kind = 'reply') AS replies,
        uniqExactIf(other, kind = 'repost') AS reposts, countIf(kind = 'quote') AS quotes,
        likes + replies + reposts AS skypoints
    FROM audience_rows
    GROUP BY author, post
    HAVING at_ms >= {since_ms:Int64} AND at_ms < {to_ms:Int64}
)
