/**
 * The changes of the session store, each one atomic in Redis. Every one gives the same result when it runs twice,
 * since the client sends a command again whose connection broke. Keys are built from values in the data, so these need
 * one Redis, not a Redis Cluster.
 *
 * Keys: `session:{sid}` a hash (user_id, handle, current and previous refresh hash, created_ms); `session:refresh:{hash}` the
 * sid, kept after use so that reuse is recognised; `session:next:{hash}` the sealed successor, for the seconds of grace;
 * `session:chain:{sid}` the hashes of a session, oldest first; `session:user:{did}` its sessions by the time they end.
 */

const END_SESSION = `
local function end_session(sid)
  local user = redis.call('HGET', 'session:' .. sid, 'user_id')
  for _, hash in ipairs(redis.call('LRANGE', 'session:chain:' .. sid, 0, -1)) do
    redis.call('UNLINK', 'session:refresh:' .. hash, 'session:next:' .. hash)
  end
  local ended = redis.call('DEL', 'session:' .. sid)
  redis.call('UNLINK', 'session:chain:' .. sid)
  if user then redis.call('ZREM', 'session:user:' .. user, sid) end
  return ended
end
`;

/** Both `create` and `refresh` end here: the hash becomes the current one, and all time starts anew. */
const SET_CURRENT = `
local function set_current(sid, user, hash, now_ms, ttl_ms, max_chain)
  redis.call('HSET', 'session:' .. sid, 'current', hash)
  redis.call('PEXPIRE', 'session:' .. sid, ttl_ms)
  redis.call('SET', 'session:refresh:' .. hash, sid, 'PX', ttl_ms)
  local chain = 'session:chain:' .. sid
  redis.call('RPUSH', chain, hash)
  redis.call('PEXPIRE', chain, ttl_ms)
  if redis.call('LLEN', chain) > max_chain then
    redis.call('UNLINK', 'session:refresh:' .. redis.call('LPOP', chain))
  end
  redis.call('ZADD', 'session:user:' .. user, now_ms + ttl_ms, sid)
  redis.call('PEXPIRE', 'session:user:' .. user, ttl_ms)
end
`;

/** ARGV: sid, user, handle, refresh hash, now, ttl, longest chain, most sessions. Ends the user's least recently used above that. */
export const CREATE = `${END_SESSION}${SET_CURRENT}
local sid, user, handle, hash = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now_ms, ttl_ms = tonumber(ARGV[5]), tonumber(ARGV[6])
if redis.call('EXISTS', 'session:' .. sid) == 1 then return 'created' end
redis.call('HSET', 'session:' .. sid, 'user_id', user, 'handle', handle, 'created_ms', ARGV[5])
set_current(sid, user, hash, now_ms, ttl_ms, tonumber(ARGV[7]))
local sessions = 'session:user:' .. user
redis.call('ZREMRANGEBYSCORE', sessions, '-inf', now_ms)
for _, old in ipairs(redis.call('ZRANGE', sessions, 0, -1 - tonumber(ARGV[8]))) do
  if old ~= sid then
    end_session(old)
    redis.call('ZREM', sessions, old)
  end
end
return 'created'
`;

/** ARGV: old hash, new hash, sealed successor, now, ttl, grace, longest chain. Answers [kind, sid, user, handle, sealed]. */
export const REFRESH = `${END_SESSION}${SET_CURRENT}
local old, new, ttl_ms = ARGV[1], ARGV[2], tonumber(ARGV[5])
local sid = redis.call('GET', 'session:refresh:' .. old)
if not sid then return {'unknown'} end
local found = redis.call('HMGET', 'session:' .. sid, 'user_id', 'handle', 'current', 'previous')
local user, handle, current, previous = found[1], found[2], found[3], found[4]
if not user then return {'unknown'} end
if current == old then
  redis.call('HSET', 'session:' .. sid, 'previous', old)
  set_current(sid, user, new, tonumber(ARGV[4]), ttl_ms, tonumber(ARGV[7]))
  redis.call('SET', 'session:next:' .. old, ARGV[3], 'PX', ARGV[6])
  return {'rotated', sid, user, handle, ARGV[3]}
end
local sealed = redis.call('GET', 'session:next:' .. old)
if sealed and previous == old then return {'rotated', sid, user, handle, sealed} end
end_session(sid)
return {'reused', sid, user}
`;

/** ARGV: sid. Answers how many sessions ended: 0 or 1. */
export const REVOKE = `${END_SESSION}
return end_session(ARGV[1])
`;

/** ARGV: user. Answers how many sessions ended. */
export const REVOKE_ALL = `${END_SESSION}
local ended = 0
for _, sid in ipairs(redis.call('ZRANGE', 'session:user:' .. ARGV[1], 0, -1)) do ended = ended + end_session(sid) end
redis.call('UNLINK', 'session:user:' .. ARGV[1])
return ended
`;
