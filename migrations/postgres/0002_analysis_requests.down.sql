DROP FUNCTION IF EXISTS accept_analysis;
DROP TABLE IF EXISTS outbox;
DROP TABLE IF EXISTS analysis_requests;
