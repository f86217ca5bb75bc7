import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Directory } from '#pkg/identity/directory.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Feed, Ranking, Viewer } from '../feed.ts';
import type { Catalogue, Hidden, Rankings, Reorder, Rules, Tastes, Visits } from '../parts.ts';

/** Rankings of personal feeds. */
export interface Pins {
  /** The viewer's own, made anew when it is older than the feed says. `busy`: too many are being made. */
  pinned(feed: Feed, viewer: Viewer, langs: readonly string[]): Promise<Ranking | 'busy'>;
}

/** What a client says that its user did with a post of a feed. */
export interface GivenInteraction {
  /** At-uri of the post. */
  readonly uri: string;
  /** `app.bsky.feed.defs#...`; not necessarily one of those that are known. */
  readonly event: string;
  /** As we gave it with the post; clients may send any text of up to 2,000 bytes. */
  readonly feedContext?: string;
  /** The same, up to 100 bytes. */
  readonly reqId?: string;
}

/** Takes in what clients say. */
export interface Interactions {
  /** @param feed at-uri of the feed, where the client says it */
  accept(viewer: Viewer, interactions: readonly GivenInteraction[], feed?: string): Promise<void>;
}

/** What may be held in memory. */
export interface ServingLimits {
  /** Of written pages; default 32 MiB. */
  readonly pageBytes: number;
  /** Lists that were ordered anew for their viewers a moment ago; default 2,000. */
  readonly ownLists: number;
}

/** What the XRPC app is made of. */
export interface ServingParts {
  readonly catalogue: Pick<Catalogue, 'feeds' | 'find'>;
  readonly rankings: Pick<Rankings, 'current' | 'find' | 'keep'>;
  readonly pins: Pins;
  readonly hidden: Pick<Hidden, 'why' | 'epoch'>;
  readonly tastes: Tastes;
  readonly reorder: Reorder;
  readonly visits: Pick<Visits, 'count'>;
  readonly rules: Pick<Rules, 'members' | 'publishers'>;
  readonly interactions: Interactions;
  readonly directory: Directory;
  readonly redis: Pick<Redis, 'eval'>;
  /** Ids of accounts: `createKeys(salt).actorId`. */
  readonly accountId: (did: string) => bigint;
  /** 32 bytes, the same in all instances. */
  readonly cursorKey: Uint8Array;
  /** Our own DID, which generator records name. */
  readonly serviceDid: string;
  /** Where we are reached from outside, without a path. */
  readonly publicUrl: string;
  /** Of this program. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<ServingLimits> | undefined;
}
