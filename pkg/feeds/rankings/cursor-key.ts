import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { UserError } from '#pkg/runtime/errors.ts';

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
