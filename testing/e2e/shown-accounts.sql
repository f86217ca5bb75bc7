-- What people are shown: active accounts, and how many active ones they follow and are followed by.
SELECT did, following, followers
FROM following_counts
