import { TIER_LIMITS, type Tier, type TierLimits } from '#pkg/contracts/tiers.ts';
import type { Allowance } from '#pkg/rest/limiter.ts';

/** The limits, as they stand in metrics and in Redis keys. */
export const LIMIT_NAMES = ['requests', 'analyses', 'under_way', 'logins_address', 'logins_identifier'] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** What callers of core-api may do. All of it can be set by the operator. */
export interface CoreLimits {
  readonly tiers: Readonly<Record<Tier, TierLimits>>;
  /** Requests of one user; of one address where nobody is signed in. */
  readonly requests: Allowance;
  /** Sign-ins tried from one address (IPv6: one /64). */
  readonly loginsPerAddress: Allowance;
  /** Sign-ins by password tried for one account, from wherever. A service-auth sign-in stays possible. */
  readonly loginsPerIdentifier: Allowance;
  readonly maxBodyBytes: number;
}

/** The published limits of the tiers, and our own choice for the rest. */
export const DEFAULT_LIMITS: CoreLimits = {
  tiers: TIER_LIMITS,
  requests: { count: 120, windowSeconds: 60 },
  loginsPerAddress: { count: 60, windowSeconds: 600 },
  loginsPerIdentifier: { count: 10, windowSeconds: 600 },
  maxBodyBytes: 65_536,
};

/** The analyses that a tier may ask for. */
export const analysesAllowance = ({ analysesPerHour }: TierLimits): Allowance => ({
  count: analysesPerHour,
  windowSeconds: 3600,
});

/** A request that got no answer for this long no longer counts as under way: lost work must not lock anybody out. */
export const UNDER_WAY_MS = 600_000;
