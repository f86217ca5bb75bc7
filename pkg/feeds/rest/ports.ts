import type { Redis } from 'ioredis';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import type { Allowance } from '#pkg/rest/limiter.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import type { Feed, Ranking, Viewer } from '../feed.ts';
import type { Catalogue, Hidden, Ranker, Rankings, Rules, Tastes } from '../parts.ts';
import type { FeedDay } from '../visits/stats.ts';
import type { OperatorRules } from '../rules/rules.ts';

/** What an explanation is read from. */
export interface ExplainParts {
  readonly store: ClickHouse;
  readonly keys: Keys;
  readonly catalogue: Pick<Catalogue, 'find'>;
  readonly rankings: Pick<Rankings, 'current'>;
  /** The viewer's own ranking of a personal feed, as they would be served it. */
  readonly own: (feed: Feed, viewer: Viewer) => Promise<Ranking | 'busy'>;
  readonly hidden: Pick<Hidden, 'why'>;
  readonly rules: Pick<Rules, 'members' | 'isBanned' | 'publishers'>;
  /** Values of the labels whose posts no feed shows. */
  readonly blockedLabels: ReadonlySet<string>;
  readonly tastes?: Tastes | undefined;
  readonly clock: Clock;
}

/** What `whyEmpty` needs besides. */
export interface WhyEmptyParts extends ExplainParts {
  readonly ranker: Ranker;
  readonly rankings: Pick<Rankings, 'current' | 'health'>;
  readonly catalogue: Pick<Catalogue, 'find' | 'problems'>;
  /** Our own DID: what generator records must name. */
  readonly serviceDid: string;
}

/** What callers may do. */
export interface FeedRestLimits {
  /** Requests of one address (IPv6: one /64), or of one session. */
  readonly requests: Allowance;
  /** Requests with an API key from one address, good or not. */
  readonly keyAttempts: Allowance;
  /** Requests of one key. */
  readonly keyRequests: Allowance;
  readonly maxBodyBytes: number;
}

/** What the REST app is made of. */
export interface FeedRestParts extends ExplainParts {
  readonly catalogue: Pick<Catalogue, 'feeds' | 'find' | 'problems'>;
  readonly rankings: Pick<Rankings, 'current' | 'health'>;
  readonly rules: OperatorRules;
  /** Figures of one feed, the newest day first. */
  readonly readStats: (rkey: string, days: number) => Promise<readonly FeedDay[]>;
  readonly directory: Directory;
  readonly verifier: Verifier;
  readonly redis: Redis;
  /** Where people reach this server, with or without a slash at the end. */
  readonly publicUrl: string;
  /** How many proxies of ours stand in front; default 0. */
  readonly trustedProxies?: number;
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<FeedRestLimits>;
}
