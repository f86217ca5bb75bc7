SELECT author AS actor_id, age, count() AS posts, uniqExactArray(others) AS reach, sum(reposts + quotes) AS spread
FROM own_posts
GROUP BY author, age
