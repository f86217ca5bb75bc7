-- Newest first, after the place that the cursor names. The results themselves stay where they are.
SELECT r.id, r.subject_did, r.type, r.time_window, r.audience, r.requested_at,
  a.status, a.cached, a.duration_ms, a.score, a.error_code, a.error_message, a.started_at, a.finished_at
FROM analysis_requests r
LEFT JOIN timeline_analyses a ON a.id = r.id
WHERE r.user_id = $1 AND (r.requested_at, r.id) < ($2::timestamptz, $3::uuid)
ORDER BY r.requested_at DESC, r.id DESC
LIMIT $4
