import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Viewer } from '../feed.ts';
import type { Taste, Tastes } from '../parts.ts';
import { type TasteRedis, createKeptTastes } from './kept.ts';
import { tasteAt } from './state.ts';

/** Options of `createTastes`. */
export interface TastesOptions {
  readonly redis: TasteRedis;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A taste ready to use is good for so long: factors fade by a thousandth in that time. */
const FRESH_MS = 3_600_000;
/** Posts in all the tastes that are held ready: about 20 MB. */
const MOST_POSTS = 200_000;
/** And accounts, since one without posts is not free either. */
const MOST_ACCOUNTS = 5_000;

interface Ready {
  readonly stamp: string;
  readonly madeAtMs: number;
  readonly taste: Taste;
}

const sizeOf = ({ taste }: Ready): number => taste.seen.size + taste.less.size;

/**
 * What accounts told us. A taste is read and parsed once and held ready; after that the one look-up asks for its stamp alone,
 * and the whole is read again only when it changed. Rejects with ioredis' error while Redis is away.
 */
export const createTastes = ({ redis, clock, log }: TastesOptions): Tastes => {
  const kept = createKeptTastes(redis);
  /** The least recently used first. */
  const ready = new Map<bigint, Ready>();
  let posts = 0;

  const forget = (id: bigint) => {
    const old = ready.get(id);
    if (old === undefined) return;
    posts -= sizeOf(old);
    ready.delete(id);
  };
  const hold = (id: bigint, own: Ready) => {
    forget(id);
    ready.set(id, own);
    posts += sizeOf(own);
    for (const oldest of ready.keys()) {
      if (posts <= MOST_POSTS && ready.size <= MOST_ACCOUNTS) return;
      forget(oldest);
    }
  };
  const readAnew = async (id: bigint): Promise<Taste | undefined> => {
    const found = await kept.read(id);
    if (found === undefined) {
      if (ready.has(id)) log.debug({ viewerId: String(id) }, 'a taste is gone from Redis or cannot be read');
      forget(id);
      return undefined;
    }
    const madeAtMs = clock.nowMs();
    const taste = tasteAt(found.state, madeAtMs);
    hold(id, { stamp: found.stamp, madeAtMs, taste });
    return taste;
  };

  return {
    async of({ id }: Viewer) {
      const known = ready.get(id);
      if (known === undefined || clock.nowMs() - known.madeAtMs >= FRESH_MS) return readAnew(id);
      if ((await kept.stamp(id)) !== known.stamp) return readAnew(id);
      hold(id, known);
      return known.taste;
    },
  };
};
