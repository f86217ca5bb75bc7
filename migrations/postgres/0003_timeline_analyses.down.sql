DROP TABLE IF EXISTS timeline_analyses;
