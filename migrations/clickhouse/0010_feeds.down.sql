DROP TABLE IF EXISTS feed_visits SYNC;
DROP TABLE IF EXISTS feed_interactions SYNC;
DROP VIEW IF EXISTS inactive_states_to_gone;
DROP VIEW IF EXISTS posts_to_gone;
DROP TABLE IF EXISTS gone SYNC;
DROP VIEW IF EXISTS posts_to_author_posts;
DROP TABLE IF EXISTS author_posts SYNC;
