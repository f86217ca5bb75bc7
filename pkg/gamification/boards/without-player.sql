-- Those of some users who have no XP of any kind: who left, or never were.
SELECT asked.user_id
FROM unnest($1::text[]) AS asked (user_id)
WHERE NOT EXISTS (SELECT FROM players p WHERE p.user_id = asked.user_id)
