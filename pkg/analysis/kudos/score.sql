SELECT author AS actor_id, age, posts, length(by_replier.1) AS repliers, arrayCount(answered -> answered > 1, by_replier.2) AS returning
FROM (
    SELECT author, age, count() AS posts, sumMap(p.repliers, arrayMap(other -> 1, p.repliers)) AS by_replier
    FROM own_posts AS p
    GROUP BY author, age
)
