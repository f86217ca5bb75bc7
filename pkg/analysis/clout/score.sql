SELECT author AS actor_id, age, sum(posts) AS posts, sum(reach) AS reach, sum(spread) AS spread
FROM (
    SELECT actor_id AS author, age, count() AS posts, 0 AS reach, 0 AS spread FROM own_posts GROUP BY author, age
    UNION ALL
    SELECT author, age, 0, uniqExact(other), 0 FROM reactions GROUP BY author, age
    UNION ALL
    SELECT author, age, 0, 0, g.spread FROM posts_got AS g
)
GROUP BY author, age
