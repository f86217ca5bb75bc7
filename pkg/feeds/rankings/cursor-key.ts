import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { AWAY, softRedis } from '#pkg/redis/soft-redis.ts';

const name = 'feed:cursor-key';
const bytes = 32;

/**
 * The key that all instances sign cursors with; made at the first start. Without it in Redis every cursor becomes invalid, which
 * ends a list early and nothing worse.
 * @throws UserError when Redis holds something else under its name
 */
export const loadCursorKey = async (redis: Redis): Promise<Buffer> => {
  await redis.set(name, randomBytes(bytes).toString('base64'), 'NX');
  const key = Buffer.from((await redis.get(name)) ?? '', 'base64');
  if (key.length === bytes) return key;
  throw new UserError(`Redis holds something under ${name} that is no key.`, {
    hint: `Delete it (redis-cli DEL ${name}) and start again.`,
  });
};

const everyMs = 1_000;

/**
 * Keeps the instances of one mind about the key after Redis lost it: whoever runs puts theirs back, and all take over what stands
 * there, in place. Without this the cursors of an instance that was started since would be no use at the others.
 */
export const shareCursorKey = (key: Buffer, redis: Redis, clock: Clock): Service => {
  const soft = softRedis(redis, clock);
  return {
    name: 'feeds-cursor-key',
    run: async (signal) => {
      while (!signal.aborted) {
        const text = await soft(async (client) => {
          await client.set(name, key.toString('base64'), 'NX');
          return client.get(name);
        });
        const shared = text === AWAY ? undefined : Buffer.from(text ?? '', 'base64');
        if (shared?.length === bytes && !shared.equals(key)) key.set(shared);
        await clock.sleep(everyMs, signal);
      }
    },
  };
};
