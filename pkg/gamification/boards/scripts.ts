/**
 * Writes standings, all or none. The standings were read from Postgres when the count of removals was ARGV[1]: where it is another
 * now, somebody was taken out meanwhile, whom these may put back, so nothing is written.
 *
 * KEYS: removals, marker, then for each board its set and its versions: the global one, then weeks.
 * ARGV: removals, ms that a week is kept, prefix of cached stats, how many users; each of these with their version; then in threes:
 * which board (0: global), which user (from 1), XP ('': no place).
 * Answers: removals as they are now, 1 where it wrote, 1 where the marker is there.
 */
export const WRITE = `
local removals = redis.call('GET', KEYS[1]) or '0'
local built = redis.call('EXISTS', KEYS[2])
if removals ~= ARGV[1] then return {removals, 0, built} end
local users = tonumber(ARGV[4])
local first = 5 + 2 * users
for i = first, #ARGV, 3 do
  local at = 3 + 2 * tonumber(ARGV[i])
  local who = 3 + 2 * tonumber(ARGV[i + 1])
  local user, version, xp = ARGV[who], ARGV[who + 1], ARGV[i + 2]
  local known = redis.call('HGET', KEYS[at + 1], user)
  if not known or tonumber(known) <= tonumber(version) then
    if xp == '' then redis.call('ZREM', KEYS[at], user) else redis.call('ZADD', KEYS[at], xp, user) end
    redis.call('HSET', KEYS[at + 1], user, version)
  end
end
for k = 5, #KEYS do redis.call('PEXPIRE', KEYS[k], ARGV[2]) end
for u = 1, users do redis.call('DEL', ARGV[3] .. ARGV[3 + 2 * u]) end
return {removals, 1, built}`;

/**
 * Takes users out of boards. KEYS: removals, then for each board its set and its versions. ARGV: 1 to count a removal also where
 * there was nobody to take out, prefix of cached stats, users. Answers how many stood somewhere.
 */
export const REMOVE = `
local gone = 0
for i = 3, #ARGV do
  local stood = 0
  for k = 2, #KEYS, 2 do
    stood = stood + redis.call('ZREM', KEYS[k], ARGV[i]) + redis.call('HDEL', KEYS[k + 1], ARGV[i])
  end
  if stood > 0 then gone = gone + 1 end
  redis.call('DEL', ARGV[2] .. ARGV[i])
end
if gone > 0 or ARGV[1] == '1' then redis.call('INCR', KEYS[1]) end
return gone`;

/** A stretch of a board, best first: how many stand on it, how many have more than its first, and it, members and scores in turn. */
export const TOP = `
local rows = redis.call('ZREVRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES')
local above = 0
if rows[2] then above = redis.call('ZCOUNT', KEYS[1], '(' .. rows[2], '+inf') end
return {redis.call('ZCARD', KEYS[1]), above, rows}`;

/** One user's score and how many have more; nothing where they do not stand there. */
export const PLACE = `
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return nil end
return {score, redis.call('ZCOUNT', KEYS[1], '(' .. score, '+inf')}`;

/** Sets the marker KEYS[1] to ARGV[2], if the lock KEYS[2] is still ours (ARGV[1]): a Redis that was emptied meanwhile lost it too. */
export const FINISH = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** Keeps cached stats KEYS[1] (ARGV[1], ms ARGV[2]), unless the board has news that whoever read them (version ARGV[4]) had not. */
export const KEEP_STATS = `
local known = redis.call('HGET', KEYS[2], ARGV[3])
if ARGV[4] ~= '' and known and tonumber(known) > tonumber(ARGV[4]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
