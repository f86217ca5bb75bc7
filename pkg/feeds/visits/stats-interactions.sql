-- Interactions by day, feed and event, as they came: one that a client repeated counts as often.
SELECT toString(toDate(at, 'UTC')) AS on_day, feed, event, count() AS interactions
FROM feed_interactions
WHERE at >= toDateTime64({from:Date}, 3, 'UTC') AND at < toDateTime64({to:Date} + 1, 3, 'UTC')
    AND ({feed:String} = '' OR feed = {feed:String})
GROUP BY on_day, feed, event
