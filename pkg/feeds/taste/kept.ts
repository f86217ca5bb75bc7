import type { Redis } from 'ioredis';
import { STAMP_LENGTH, decodeTaste, encodeTaste } from './codec.ts';
import { type TasteState, emptyState } from './state.ts';

/** What is asked of Redis here. */
export type TasteRedis = Pick<Redis, 'get' | 'set' | 'del' | 'getBuffer' | 'getrange' | 'eval'>;

/** An account of which nothing was said for so long is forgotten, as its interactions in ClickHouse are. */
export const TASTE_TTL_MS = 90 * 86_400_000;

const keyOf = (viewerId: bigint): string => `feed:taste:${viewerId}`;

/**
 * Puts a new value where the one is that it was made from. It may run twice, since a command is sent again whose connection
 * broke: the second time it finds its own stamp. KEYS: the taste. ARGV: the stamp of the old value ('' for none), the new
 * value, its time to live.
 */
const REPLACE = `
local found = redis.call('GETRANGE', KEYS[1], 0, ${STAMP_LENGTH - 1})
if found == string.sub(ARGV[2], 1, ${STAMP_LENGTH}) then return 1 end
if found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`;

/** Others changed it every time: somebody writes without pause. */
const MOST_TRIES = 50;

/** Tastes in Redis. Every function rejects with ioredis' error while Redis is away. */
export interface KeptTastes {
  /** The stamp of what is kept, '' for nothing: another one after every change. */
  stamp(viewerId: bigint): Promise<string>;
  /** Undefined for nothing, and for what cannot be read. */
  read(viewerId: bigint): Promise<{ readonly stamp: string; readonly state: TasteState } | undefined>;
  /** Changes one, starting from nothing where there is none. `change` may run several times; only its last result counts. */
  update(viewerId: bigint, change: (state: TasteState) => void): Promise<void>;
  /** Puts a whole one in place of the one of that stamp. False when that is not there any more. */
  replace(viewerId: bigint, stamp: string, state: TasteState): Promise<boolean>;
}

/** Tastes in Redis, each changed by one at a time: here by waiting, between processes by trying again. */
export const createKeptTastes = (redis: TasteRedis): KeptTastes => {
  /** The last change under way for an account. */
  const changing = new Map<bigint, Promise<void>>();

  const stamp = (viewerId: bigint) => redis.getrange(keyOf(viewerId), 0, STAMP_LENGTH - 1);
  const read = async (viewerId: bigint) => {
    const bytes = await redis.getBuffer(keyOf(viewerId));
    return bytes === null ? undefined : decodeTaste(bytes);
  };
  const replace = async (viewerId: bigint, before: string, state: TasteState) =>
    (await redis.eval(REPLACE, 1, keyOf(viewerId), before, encodeTaste(state).bytes, TASTE_TTL_MS)) === 1;

  const change = async (viewerId: bigint, apply: (state: TasteState) => void) => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const found = await read(viewerId);
      // What cannot be read is of another version, or broken: it can be made anew from ClickHouse, so it goes.
      if (found === undefined && (await stamp(viewerId)) !== '') await removeUnreadable(viewerId);
      const state = found?.state ?? emptyState();
      apply(state);
      if (await replace(viewerId, found?.stamp ?? '', state)) return;
    }
    throw new Error(`a taste was changed by others ${MOST_TRIES} times in a row`);
  };
  const removeUnreadable = async (viewerId: bigint) => {
    if ((await read(viewerId)) === undefined) await redis.del(keyOf(viewerId));
  };

  return {
    stamp,
    read,
    replace,
    update(viewerId, apply) {
      const before = changing.get(viewerId) ?? Promise.resolve();
      const own = before.catch(() => undefined).then(() => change(viewerId, apply));
      changing.set(viewerId, own);
      const forget = () => {
        if (changing.get(viewerId) === own) changing.delete(viewerId);
      };
      own.then(forget, forget);
      return own;
    },
  };
};
