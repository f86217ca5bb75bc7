-- Counts of live records by the UTC day of their record key. Always counted anew (pkg/indexer/stats), never added to, so that
-- late deletes and replays come out right. Records of inactive accounts count: a day of the past does not change because
-- somebody left. Keys that are no TIDs belong to no day.
CREATE TABLE IF NOT EXISTS daily_stats
(
    day Date,
    metric Enum8('posts' = 1, 'replies' = 2, 'quotes' = 3, 'likes' = 4, 'reposts' = 5, 'follows' = 6, 'blocks' = 7, 'active_accounts' = 8),
    value UInt64,
    computed_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (day, metric);

CREATE VIEW IF NOT EXISTS daily_stats_posts AS
SELECT
    day,
    sumIf(value, metric = 'posts') AS posts,
    sumIf(value, metric = 'replies') AS replies,
    sumIf(value, metric = 'quotes') AS quotes
FROM daily_stats FINAL
GROUP BY day
HAVING posts > 0
ORDER BY day;

CREATE VIEW IF NOT EXISTS daily_stats_engagement AS
SELECT
    day,
    sumIf(value, metric = 'likes') AS likes,
    sumIf(value, metric = 'reposts') AS reposts,
    sumIf(value, metric = 'replies') AS replies,
    sumIf(value, metric = 'quotes') AS quotes
FROM daily_stats FINAL
GROUP BY day
HAVING likes + reposts + replies + quotes > 0
ORDER BY day;

CREATE VIEW IF NOT EXISTS daily_stats_follows AS
SELECT
    day,
    sumIf(value, metric = 'follows') AS follows,
    sumIf(value, metric = 'blocks') AS blocks
FROM daily_stats FINAL
GROUP BY day
HAVING follows + blocks > 0
ORDER BY day;

-- Accounts with at least one live post, like, repost, follow or block of that day.
CREATE VIEW IF NOT EXISTS daily_stats_actors AS
SELECT day, sum(value) AS active_accounts
FROM daily_stats FINAL
WHERE metric = 'active_accounts'
GROUP BY day
HAVING active_accounts > 0
ORDER BY day;
