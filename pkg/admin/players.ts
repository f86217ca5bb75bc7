import { z } from 'zod';
import { type Outcome, outcomeOf } from './outcome.ts';
import { TIERS } from '#pkg/contracts/tiers.ts';

/** What `POST /players` takes: one order about the users of this Skyflow. */
export const playersRequest = z.discriminatedUnion('action', [
  /** `account`: a DID, or the handle with which somebody signed in. */
  z.object({
    action: z.literal('set_tier'),
    account: z.string().min(1).max(2048),
    tier: z.enum(TIERS),
    reason: z.string().max(200),
  }),
  /** Everything that follows from the ledger, made again. */
  z.object({ action: z.literal('rebuild') }),
]);

export type PlayersRequest = z.infer<typeof playersRequest>;
export type PlayersAction = PlayersRequest['action'];
export type PlayersRequestOf<A extends PlayersAction> = Extract<PlayersRequest, { action: A }>;

const playersAnswers = {
  set_tier: z.object({
    did: z.string(),
    handle: z.string().nullable(),
    from: z.enum(TIERS),
    to: z.enum(TIERS),
  }),
  rebuild: z.object({
    users: z.number(),
    /** Of the ledger. */
    rows: z.number(),
    /** Rows whose running total is not the sum of those before. */
    wrongTotals: z.number(),
    /** Who stood on a leaderboard and is not in the ledger. */
    removed: z.number(),
  }),
} as const satisfies Record<PlayersAction, z.ZodType>;

export type PlayersAnswer<A extends PlayersAction> = z.infer<(typeof playersAnswers)[A]>;

export type PlayersOutcome<A extends PlayersAction = PlayersAction> = Outcome<PlayersAnswer<A>>;

/** Reads the outcome of an order. */
export const playersOutcome = <A extends PlayersAction>(action: A): z.ZodType<PlayersOutcome<A>> =>
  outcomeOf(playersAnswers[action] as unknown as z.ZodType<PlayersAnswer<A>>);

/** Carries out orders about users. Rejects only for what nobody foresaw. */
export type PlayersOperator = <A extends PlayersAction>(
  request: PlayersRequestOf<A>,
  signal?: AbortSignal,
) => Promise<PlayersOutcome<A>>;
