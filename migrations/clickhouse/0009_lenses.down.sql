DROP VIEW IF EXISTS edges_to_blocked_by;
DROP TABLE IF EXISTS blocked_by;
