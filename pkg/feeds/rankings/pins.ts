import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import type { Feed, Ranking, Viewer } from '../feed.ts';
import type { Ranker, Rankings } from '../parts.ts';
import { createGate, type Gate } from './gate.ts';
import { AWAY, softRedis } from '#pkg/redis/soft-redis.ts';

export interface PinsOptions {
  readonly redis: Redis;
  readonly ranker: Ranker;
  readonly rankings: Pick<Rankings, 'find' | 'keep'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Rankings being made at the same time; half as many of an operator's feeds, and of each eight times as many wait. */
  readonly atOnce?: number;
}

/** The ranking of a personal feed that a viewer is shown. */
export interface Pins {
  /**
   * The viewer's own, made anew when it is older than the feed's `refreshMs`. Those of one viewer who ask at the same time get the
   * same. Where no new one can be made, the one before stays.
   * @param langs primary subtags that the viewer reads; they count only where the statement asks for them
   * @returns `busy` when too many others are being made and there is no earlier one: try again in a moment
   * @throws what ranking threw, where there is no earlier one
   */
  pinned(feed: Feed, viewer: Viewer, langs: readonly string[]): Promise<Ranking | 'busy'>;
}

/** After that a client has gone. The ranking is finished all the same, for when it asks again. */
const patienceMs = 8_000;
const waitingEach = 8;
/** Whose ranking is which, in this process; Redis knows all. */
const maxKnown = 20_000;

const keyOf = (feed: Feed, viewer: Viewer, langs: readonly string[]): string => {
  const asked = /\{\s*viewer_langs\s*:/.test(feed.sql) ? `:${langs.toSorted().join(',')}` : '';
  return `feed:pin:${feed.rkey}:${feed.fingerprint}:${viewer.id}${asked}`;
};

/** Which ranking is pinned for whom: here, and in Redis for the other instances. */
const createNotes = (redis: PinsOptions['redis'], clock: Clock) => {
  const soft = softRedis(redis, clock);
  const known = new Map<string, string>();
  const remember = (key: string, id: string): void => {
    known.delete(key);
    known.set(key, id);
    const oldest = known.size > maxKnown ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
  };
  return {
    here: (key: string): string | undefined => known.get(key),
    elsewhere: async (key: string): Promise<string | undefined> => {
      const id = await soft((client) => client.get(key));
      if (id === AWAY || id === null) return undefined;
      remember(key, id);
      return id;
    },
    set: async (key: string, id: string, keepMs: number): Promise<void> => {
      remember(key, id);
      await soft((client) => client.set(key, id, 'PX', keepMs));
    },
  };
};

export const createPins = (options: PinsOptions): Pins => {
  const { redis, ranker, rankings, clock, log, atOnce = 4 } = options;
  const notes = createNotes(redis, clock);
  const gateOf = (most: number): Gate => createGate(most, most * waitingEach);
  const gates: Readonly<Record<Feed['origin'], Gate>> = {
    skyflow: gateOf(atOnce),
    // Theirs may be slow: ours do not wait for them.
    operator: gateOf(Math.max(1, Math.floor(atOnce / 2))),
  };
  const underWay = new Map<string, Promise<Ranking | 'busy'>>();

  const find = async (id: string | undefined): Promise<Ranking | undefined> =>
    id === undefined ? undefined : rankings.find(id);

  const make = async (feed: Feed, who: { viewer: Viewer; langs: readonly string[] }, key: string) => {
    const isFresh = (ranking: Ranking | undefined): ranking is Ranking =>
      ranking !== undefined && clock.nowMs() - ranking.rankedAtMs <= feed.refreshMs;
    const near = await find(notes.here(key));
    if (isFresh(near)) return near;
    // Another instance may have made one since.
    const earlier = (await find(await notes.elsewhere(key))) ?? near;
    if (isFresh(earlier)) return earlier;
    const leave = await gates[feed.origin].enter();
    if (leave === 'busy') return earlier ?? 'busy';
    try {
      const ranking = await ranker.rank(feed, who);
      await rankings.keep(feed, ranking);
      await notes.set(key, ranking.id, feed.keepMs);
      return ranking;
    } catch (error) {
      if (earlier === undefined) throw error;
      log.warn(
        { err: error, feed: feed.rkey },
        'a personal feed could not be ranked; the viewer keeps the last ranking',
      );
      return earlier;
    } finally {
      leave();
    }
  };

  return {
    pinned: (feed, viewer, langs) => {
      const key = keyOf(feed, viewer, langs);
      const present = underWay.get(key);
      const work = present ?? make(feed, { viewer, langs }, key);
      if (present === undefined) {
        underWay.set(key, work);
        const end = (): void => void underWay.delete(key);
        work.then(end, end);
      }
      return orLate(work, patienceMs, 'busy', clock);
    },
  };
};
