import { carriedOut } from '#pkg/admin/outcome.ts';
import { randomUUID } from 'node:crypto';
import type {
  PlayersAction,
  PlayersAnswer,
  PlayersOperator,
  PlayersOutcome,
  PlayersRequestOf,
} from '#pkg/admin/players.ts';
import { typedHandle } from '#pkg/atproto/syntax.ts';
import type { BusEvent } from '#pkg/bus/events.ts';
import { readSql } from '#pkg/clickhouse/query.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { setTier } from '#pkg/core/store/tiers.ts';
import type { RebuildOptions, RebuildResult } from '#pkg/gamification/rebuild.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';

/** What orders about users are carried out with. */
export interface PlayersOperatorParts {
  /** Migrated. */
  readonly postgres: Postgres;
  /** Told of events that stand in the outbox; without one the next relay finds them. */
  readonly offer?: ((events: readonly BusEvent[]) => void) | undefined;
  readonly rebuild: (options?: RebuildOptions) => Promise<RebuildResult>;
  readonly clock: Clock;
}

type Handler<A extends PlayersAction> = (
  parts: PlayersOperatorParts,
  request: PlayersRequestOf<A>,
  signal: AbortSignal | undefined,
) => Promise<PlayersAnswer<A>>;

/** Carries out orders about users, for the admin socket and for commands that open the stores themselves. */
export const createPlayersOperator =
  (parts: PlayersOperatorParts): PlayersOperator =>
  async <A extends PlayersAction>(request: PlayersRequestOf<A>, signal?: AbortSignal): Promise<PlayersOutcome<A>> => {
    const handler = handlers[request.action] as Handler<A>;
    return carriedOut(() => handler(parts, request, signal));
  };

const FIND_USER = readSql(import.meta.url, 'find-user.sql');

const changeTier: Handler<'set_tier'> = async ({ postgres, offer, clock }, { account, tier, reason }) => {
  const { rows } = await postgres.query<{ did: string; handle: string | null; tier: Tier }>(FIND_USER, [
    account.startsWith('did:') ? account : typedHandle(account),
  ]);
  const [user] = rows;
  if (user === undefined) {
    throw new UserError(`Nobody who signed in here is called ${JSON.stringify(account)}.`, {
      hint: 'Give the handle with which they signed in last, or their DID. A user is made at the first sign-in.',
    });
  }
  const { did, handle } = user;
  const correlationId = randomUUID();
  const change = await setTier(postgres, { did, tier, reason, correlationId, nowMs: clock.nowMs() });
  offer?.(change.events);
  return { did, handle, from: change.outcome === 'changed' ? change.oldTier : user.tier, to: tier };
};

const handlers: { readonly [A in PlayersAction]: Handler<A> } = {
  set_tier: changeTier,
  rebuild: ({ rebuild }, _request, signal) => rebuild({ signal }),
};
