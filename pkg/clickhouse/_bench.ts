import { openThrowaway } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { refreshDailyStats, dayOf } from '#pkg/indexer/stats/refresh.ts';
await using t = await openThrowaway({ log: createLogger({ level: 'warn' }) });
const time = async (name: string, fn: () => Promise<unknown>) => { const a = Date.now(); const r = await fn().catch(String); console.log(name, Date.now() - a, 'ms', String(r).slice(0, 300)); };
const nowUs = Date.now() * 1000;
const nAct = 300_000;
await time('actors', () => t.store.command(`INSERT INTO actors SELECT cityHash64(number), concat('did:plc:', toString(number)), (1, concat('h', toString(number))), (if(number % 20 = 0, 5, 0), number % 20 != 0, ''), now64(6) FROM numbers(${nAct})`));
for (let part = 0; part < 4; part += 1) {
  // 250k posts per part over 48 h
  await t.store.command(`INSERT INTO posts (actor_id, tid, version, deleted, sort_at, seen_at, text, langs, reply_parent_id, reply_parent_tid)
   SELECT cityHash64(rand(1) % ${nAct}), bitShiftLeft(toUInt64(${nowUs} - (number + ${part * 250000}) * 172800), 10) AS tid, 0, 0, fromUnixTimestamp64Micro(toInt64(bitShiftRight(tid, 10))), now64(6), 'some text of a post here that is long enough', ['en'], if(number % 3 = 0, cityHash64(rand(2) % ${nAct}), 0), if(number % 3 = 0, tid - 1024000, 0) FROM numbers(250000)`);
}
for (let part = 0; part < 5; part += 1) {
  await time('edges', () => t.store.command(`INSERT INTO edges (actor_id, tid, kind, subject_id, subject_tid, version, deleted)
   SELECT cityHash64(rand(1) % ${nAct}), bitShiftLeft(toUInt64(${nowUs} - (number * 5 + ${part}) * 34560), 10) + 1 AS tid, if(number % 10 < 7, 'like', if(number % 10 < 9, 'repost', 'follow')), actor_id, p.tid, 0, 0
   FROM numbers(1000000) AS n INNER JOIN (SELECT actor_id, tid, rowNumberInAllBlocks() AS i FROM posts) AS p ON p.i = n.number % 1000000`));
}
await time('count', () => t.store.read('SELECT count() FROM edges', 'TSV'));
await time('recent_posts count', () => t.store.read('SELECT count(), countIf(reply_parent_uri != \'\') FROM recent_posts', 'TSV'));
await time('recent_posts limit', () => t.store.read('SELECT * FROM recent_posts LIMIT 3', 'TSV'));
await time('recent_posts one actor', () => t.store.read('SELECT * FROM recent_posts WHERE actor_id = cityHash64(7) LIMIT 3', 'TSV'));
await time('scored top', () => t.store.read('SELECT uri, likes, score FROM recent_posts_with_score ORDER BY score DESC LIMIT 3', 'TSV'));
await time('scored one actor', () => t.store.read('SELECT uri, likes, score FROM recent_posts_with_score WHERE actor_id = cityHash64(7) ORDER BY score DESC LIMIT 3', 'TSV'));
await time('following_counts top', () => t.store.read('SELECT * FROM following_counts ORDER BY followers DESC LIMIT 2', 'TSV'));
await time('following_counts one', () => t.store.read('SELECT * FROM following_counts WHERE actor_id = cityHash64(7)', 'TSV'));
const today = dayOf(Date.now());
await time('refresh today', () => refreshDailyStats(t.store, today, today));
await time('refresh yesterday', () => refreshDailyStats(t.store, dayOf(Date.now() - 86400000), dayOf(Date.now() - 86400000)));
await time('stats', () => t.store.read('SELECT * FROM daily_stats FINAL', 'TSV'));
