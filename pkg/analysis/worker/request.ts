import { z } from 'zod';
import type { MessageShape } from '@bufbuild/protobuf';
import type { TimelineRequestedEventSchema } from '#proto/skyflow/events/v1/timeline_pb.js';
import { AUDIENCES, LENSES, type LensQuestion, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { type Tier, TIERS } from '#pkg/contracts/tiers.ts';

/** A request as its event tells it; the words of the question are not checked. */
export interface AnalysisRequest {
  readonly analysisId: string;
  readonly userId: string;
  readonly subjectDid: string;
  readonly type: string;
  readonly window: string;
  readonly audience: string;
  readonly tier: string;
  readonly correlationId: string;
  /** The id of the event that asked. */
  readonly eventId: string;
}

/** The checked question of a request. */
export interface Asked {
  readonly question: LensQuestion;
  readonly tier: Tier;
}

/** An event that asks for an analysis, as far as this service reads it. */
export interface RequestedEvent {
  readonly eventId: string;
  readonly correlationId: string;
  readonly message: MessageShape<typeof TimelineRequestedEventSchema>;
}

const maxDidChars = 2048;
const maxWordChars = 32;
// Postgres keeps no zero characters: a text with one could not even be recorded as refused.
const text = z.string().regex(/^[^\0]*$/);
const did = text.min(1).max(maxDidChars);
const word = text.max(maxWordChars);

const request = z.object({
  analysisId: z.uuid(),
  userId: did,
  subjectDid: text.max(maxDidChars),
  type: word,
  window: word,
  audience: word,
  tier: word,
});

const asked = z.object({
  did: did.startsWith('did:'),
  lens: z.enum(LENSES),
  window: z.enum(TIME_WINDOWS),
  audience: z.enum(AUDIENCES),
  tier: z.enum(TIERS),
});

/** Who asks for which analysis, or undefined where not even that can be told and nobody can be answered. */
export const readRequest = ({ eventId, correlationId, message }: RequestedEvent): AnalysisRequest | undefined => {
  const read = request.safeParse(message);
  if (!read.success) return undefined;
  return { ...read.data, eventId, correlationId: correlationId.replaceAll('\0', '').slice(0, 128) };
};

/** The question, or undefined where this version does not know its words. */
export const readQuestion = (from: AnalysisRequest): Asked | undefined => {
  const { subjectDid, type, window, audience, tier } = from;
  const read = asked.safeParse({ did: subjectDid, lens: type, window, audience, tier });
  if (!read.success) return undefined;
  const { tier: known, ...question } = read.data;
  return { question, tier: known };
};
