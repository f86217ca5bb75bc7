import { randomBytes } from 'node:crypto';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Ranker, Rules } from '../parts.ts';
import { choose } from './choose.ts';
import { createFactReader } from './facts.ts';
import { createFollows } from './follows.ts';
import { limitsOf, settingsOf } from './limits.ts';
import { rankerMetrics } from './metrics.ts';
import { readRow } from './rows.ts';
import { paramsOf, wrapped } from './statement.ts';

export interface RankerOptions {
  readonly store: ClickHouse;
  readonly keys: Keys;
  readonly rules: Pick<Rules, 'members' | 'isBanned'>;
  /** Values of the labels whose posts no feed shows. */
  readonly blockedLabels: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where to count what is made; nowhere by default. One ranker a registry. */
  readonly registry?: Registry;
}

/** 16 characters of base64url. Nobody guesses the ranking that another is shown. */
const newId = (): string => randomBytes(12).toString('base64url');

/** Makes rankings: the feed's statement, then the facts of the posts it returned, then the filters. */
export const createRanker = (options: RankerOptions): Ranker => {
  const { store, keys, rules, blockedLabels, clock, log } = options;
  const metrics = options.registry === undefined ? undefined : rankerMetrics(options.registry);
  const facts = createFactReader(store);
  const followed = createFollows(store, clock);
  return {
    rank: async (feed, { viewer, langs }, signal) => {
      signal?.throwIfAborted();
      // Before anything is read: whatever goes away from now on is marked later than that.
      const rankedAtMs = clock.nowMs();
      const members = feed.asksMembers ? rules.members(feed.rkey) : new Set<string>();
      const follows = await followed.of(viewer, feed, signal);
      const rows = await store.readLimited(
        {
          name: `feed_${feed.rkey}`,
          sql: wrapped(feed.sql),
          params: paramsOf(feed, { viewer, follows, langs, members, nowMs: rankedAtMs, keys }),
          lane: feed.origin === 'operator' ? 'operator' : 'ours',
          limits: limitsOf(feed),
          ...settingsOf(feed),
        },
        { signal },
      );
      const candidates = rows.flatMap((row) => readRow(row, keys) ?? []);
      const isBanned = (didOrUri: string): boolean => rules.isBanned(didOrUri);
      const { posts, dropped } = await choose(candidates, { feed, isBanned, blockedLabels }, (some) =>
        facts.read(some, { viewerId: viewer?.id, signal }),
      );
      const malformed = rows.length - candidates.length;
      const report = {
        rows: rows.length,
        kept: posts.length,
        dropped: { ...dropped, malformed },
        tookMs: clock.nowMs() - rankedAtMs,
      };
      metrics?.made(feed, report);
      log.debug({ feed: feed.rkey, report }, 'made a ranking');
      return {
        id: newId(),
        rkey: feed.rkey,
        fingerprint: feed.fingerprint,
        viewerId: viewer?.id,
        rankedAtMs,
        posts,
        report,
      };
    },
  };
};
