import type { Redis } from 'ioredis';
import { sessionKey } from '#pkg/session/session.ts';

const CHUNK = 500;

/** Those of the sessions that have ended. Rejects while Redis is away: then nothing is known. */
export async function endedSessions(redis: Redis, sids: ReadonlySet<string>): Promise<Set<string>> {
  const all = [...sids];
  const ended = new Set<string>();
  for (let from = 0; from < all.length; from += CHUNK) {
    const some = all.slice(from, from + CHUNK);
    const pipeline = redis.pipeline();
    for (const sid of some) pipeline.exists(sessionKey(sid));
    const answers = (await pipeline.exec()) ?? [];
    for (const [index, sid] of some.entries()) {
      const [error, exists] = answers[index] ?? [];
      if (error !== null && error !== undefined) throw error;
      if (exists === 0) ended.add(sid);
    }
  }
  return ended;
}
