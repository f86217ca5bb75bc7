-- The result leaves as the text it is stored as: nobody here reads it.
SELECT r.id, r.subject_did, r.type, r.time_window, r.audience, r.requested_at,
  a.status, a.cached, a.duration_ms, a.score, a.error_code, a.error_message, a.started_at, a.finished_at, a.result::text AS result
FROM analysis_requests r
LEFT JOIN timeline_analyses a ON a.id = r.id
WHERE r.id = $1::uuid AND r.user_id = $2
