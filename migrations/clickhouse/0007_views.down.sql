DROP VIEW IF EXISTS following_counts;
DROP VIEW IF EXISTS recent_posts_with_score;
DROP VIEW IF EXISTS recent_posts;
DROP VIEW IF EXISTS inactive_accounts;
DROP VIEW IF EXISTS actors_to_account_states;
DROP TABLE IF EXISTS account_states;
