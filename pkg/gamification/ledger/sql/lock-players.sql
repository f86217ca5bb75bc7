-- In one order, so that two who lock several at once do not wait in a circle.
SELECT user_id FROM players WHERE user_id = ANY($1::text[]) ORDER BY user_id FOR UPDATE
