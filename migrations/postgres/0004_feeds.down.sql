DROP TABLE IF EXISTS feed_rule_versions;
DROP TABLE IF EXISTS api_keys;
DROP TABLE IF EXISTS feed_publications;
DROP TABLE IF EXISTS feed_bans;
DROP TABLE IF EXISTS feed_members;
