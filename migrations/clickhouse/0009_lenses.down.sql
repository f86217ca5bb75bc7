DROP TABLE IF EXISTS lens_references SYNC;
DROP VIEW IF EXISTS edges_to_blocked_pairs;
DROP TABLE IF EXISTS blocked_pairs SYNC;
DROP VIEW IF EXISTS posts_to_mentions;
DROP TABLE IF EXISTS mentions SYNC;
DROP VIEW IF EXISTS posts_to_engagement;
DROP TABLE IF EXISTS engagement_by_day SYNC;
CREATE TABLE engagement_by_day
(
    subject_day Date,
    subject_id UInt64,
    subject_tid UInt64,
    kind Enum8('like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4),
    actor_id UInt64 CODEC(ZSTD(1)),
    tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if(subject_day >= '2023-01-01' AND subject_day < '2041-01-01', toYear(subject_day), 0)
ORDER BY (subject_day, subject_id, subject_tid, kind, actor_id, tid);
INSERT INTO engagement_by_day
SELECT subject_day, subject_id, subject_tid, CAST(toString(kind), 'Enum8(\'like\' = 1, \'repost\' = 2, \'reply\' = 3, \'quote\' = 4)'),
    actor_id, tid, version, deleted
FROM engagement WHERE kind != 'post';
DROP TABLE IF EXISTS engagement_by_author SYNC;
RENAME TABLE engagement TO engagement_by_author, engagement_by_day TO engagement;
DROP TABLE engagement_by_author SYNC;
