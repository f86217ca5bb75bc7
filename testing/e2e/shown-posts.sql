-- What people are shown: posts of active accounts, with the different active accounts that reacted.
SELECT uri, likes, reposts, replies, quotes
FROM recent_posts_with_score
