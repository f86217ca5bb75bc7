-- Visits by day and feed. A visitor's depth is the deepest position reached on that day. Those who are not signed in are one
-- visitor (0), who is no viewer.
SELECT toString(day) AS on_day, feed,
    sum(visitor_requests) AS all_requests,
    sumIf(visitor_requests, visitor = 0) AS unsigned_requests,
    sum(visitor_first_pages) AS all_first_pages,
    countIf(visitor != 0) AS viewers,
    max(visitor_depth) AS max_depth,
    if(viewers = 0, 0, sumIf(visitor_depth, visitor != 0) / viewers) AS mean_depth
FROM
(
    SELECT day, feed, visitor, sum(requests) AS visitor_requests, sum(first_pages) AS visitor_first_pages, max(depth) AS visitor_depth
    FROM feed_visits
    WHERE day >= {from:Date} AND day <= {to:Date} AND ({feed:String} = '' OR feed = {feed:String})
    GROUP BY day, feed, visitor
)
GROUP BY day, feed
