DROP TABLE dead_letters;
DROP TABLE gaps;
DROP TABLE ingest_log;
DROP TABLE repo_records;
