-- Every post that is not deleted, of all accounts, with what points at it, whoever it comes from: the AppView's own way of
-- counting. It counts accounts for likes and reposts, and posts for replies and quotes.
SELECT
    author.did AS did,
    toString(post.tid) AS tid,
    reaction.likes AS likes,
    reaction.reposts AS reposts,
    reaction.replies AS replies,
    reaction.quotes AS quotes
FROM (SELECT actor_id, tid FROM posts FINAL) AS post
INNER JOIN accounts AS author ON author.actor_id = post.actor_id
LEFT JOIN
(
    SELECT
        subject_id,
        subject_tid,
        uniqExactIf(actor_id, kind = 'like') AS likes,
        uniqExactIf(actor_id, kind = 'repost') AS reposts,
        countIf(kind = 'reply') AS replies,
        countIf(kind = 'quote') AS quotes
    FROM engagement FINAL
    GROUP BY subject_id, subject_tid
) AS reaction ON reaction.subject_id = post.actor_id AND reaction.subject_tid = post.tid
