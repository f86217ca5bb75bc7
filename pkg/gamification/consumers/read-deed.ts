import type { ReceivedEvent } from '#pkg/bus/consume-batch.ts';
import type { EVENTS } from '#pkg/bus/events.ts';
import { dead, type Outcome } from '#pkg/bus/outcome.ts';
import { LENSES } from '#pkg/contracts/lens.ts';
import { TIERS, type Tier } from '#pkg/contracts/tiers.ts';
import type { AnalysisDeed, ReferralDeed } from '../model.ts';
import { refuseEnvelope, refuseUser } from './refusals.ts';

/** What an event says, or why it is not believed. */
export type Read<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'refused'; readonly outcome: Outcome };

type Completed = ReceivedEvent<typeof EVENTS.timelineCompleted>;
type Registered = ReceivedEvent<typeof EVENTS.userRegistered>;
type TierChanged = ReceivedEvent<typeof EVENTS.userTierChanged>;

/** Nothing else can be an analysis id: so none can be the name of another row of the ledger. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_SCORE = 10;

const read = <T>(value: T): Read<T> => ({ kind: 'read', value });
const refused = (outcome: Outcome): Read<never> => ({ kind: 'refused', outcome });

/** The analysis that an event tells. */
export function readAnalysis(event: Completed, nowMs: number): Read<AnalysisDeed> {
  const { analysisId, userId, type, tier: tierName, score } = event.message;
  const outcome = refuseEnvelope(event, nowMs) ?? refuseUser(userId);
  if (outcome !== undefined) return refused(outcome);
  if (!UUID.test(analysisId)) return refused(dead('the analysis_id is not a UUID'));
  const lens = LENSES.find((known) => known === type);
  if (lens === undefined) return refused(dead(`unknown lens ${shown(type)}`));
  const tier = knownTier(tierName);
  if (tier === undefined) return refused(dead(`unknown tier ${shown(tierName)}`));
  if (score !== undefined && !(score >= 0 && score <= MAX_SCORE))
    return refused(dead(`the score ${score} is not from 0 to 10`));
  return read({
    kind: 'analysis',
    userId,
    eventId: analysisId,
    tier,
    lens,
    score: score ?? null,
    atMs: event.timestampMs,
    correlationId: event.correlationId,
    causationId: event.eventId,
  });
}

/** Somebody who is new, on which tier, and what that is for who brought them. */
export interface NewUser {
  readonly userId: string;
  readonly tier: Tier;
  readonly atMs: number;
  /** Undefined: they came by themselves, or say they brought themselves. */
  readonly referral: ReferralDeed | undefined;
}

export function readNewUser(event: Registered, nowMs: number): Read<NewUser> {
  const { userId, tier: tierName, referrerId } = event.message;
  const outcome = refuseEnvelope(event, nowMs) ?? refuseUser(userId);
  if (outcome !== undefined) return refused(outcome);
  const tier = knownTier(tierName);
  if (tier === undefined) return refused(dead(`unknown tier ${shown(tierName)}`));
  const { timestampMs: atMs, correlationId, eventId: causationId } = event;
  if (referrerId === '' || referrerId === userId) return read({ userId, tier, atMs, referral: undefined });
  const strange = refuseUser(referrerId, 'referrer_id');
  if (strange !== undefined) return refused(strange);
  const referral: ReferralDeed = {
    kind: 'referral',
    userId: referrerId,
    newUserId: userId,
    atMs,
    correlationId,
    causationId,
  };
  return read({ userId, tier, atMs, referral });
}

export function readTierChange(
  event: TierChanged,
  nowMs: number,
): Read<{ readonly userId: string; readonly tier: Tier; readonly atMs: number }> {
  const { userId, newTier } = event.message;
  const outcome = refuseEnvelope(event, nowMs) ?? refuseUser(userId);
  if (outcome !== undefined) return refused(outcome);
  const tier = knownTier(newTier);
  if (tier === undefined) return refused(dead(`unknown tier ${shown(newTier)}`));
  return read({ userId, tier, atMs: event.timestampMs });
}

const knownTier = (name: string): Tier | undefined => TIERS.find((tier) => tier === name);

/** Of a stranger's text so much as tells what it was. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 40));
