-- Every account with its posts, follows and followers, whoever they come from.
SELECT
    account.did AS did,
    account.active AS active,
    post.posts AS posts,
    follow.following AS following,
    follower.followers AS followers
FROM accounts AS account
LEFT JOIN (SELECT actor_id, count() AS posts FROM posts FINAL GROUP BY actor_id) AS post
    ON post.actor_id = account.actor_id
LEFT JOIN (SELECT actor_id, uniqExact(subject_id) AS following FROM follows FINAL GROUP BY actor_id) AS follow
    ON follow.actor_id = account.actor_id
LEFT JOIN (SELECT subject_id, uniqExact(actor_id) AS followers FROM followers FINAL GROUP BY subject_id) AS follower
    ON follower.subject_id = account.actor_id
