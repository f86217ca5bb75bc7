DROP VIEW IF EXISTS daily_stats_actors;
DROP VIEW IF EXISTS daily_stats_follows;
DROP VIEW IF EXISTS daily_stats_engagement;
DROP VIEW IF EXISTS daily_stats_posts;
DROP TABLE IF EXISTS daily_stats;
