SELECT author AS actor_id, age, count() AS posts, sum(p.skypoints) AS skypoints
FROM own_posts AS p
GROUP BY author, age
