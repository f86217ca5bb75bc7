import type { JsonObject } from '@bufbuild/protobuf';
import { type BusEvent, createEvent, derivedEventId, EVENTS } from '#pkg/bus/events.ts';
import type { AnalysisRecord } from './records.ts';
import type { AnalysisRequest } from './request.ts';

/**
 * The events of an analysis that ended: first for the other services, then for its asker's open connections. Made of the
 * row and the request alone, so that whoever announces it again announces the same, under the same ids.
 */
export const announcements = (request: AnalysisRequest, record: AnalysisRecord): [BusEvent, BusEvent] => {
  if (record.status === 'processing') throw new Error(`analysis ${record.id} has not ended`);
  return record.status === 'completed' ? completed(request, record) : failed(request, record);
};

const completed = (request: AnalysisRequest, record: AnalysisRecord): [BusEvent, BusEvent] => {
  const { cached, durationMs, score } = record;
  const event = createEvent(
    EVENTS.timelineCompleted,
    // Named by the analysis: who is rewarded for it is rewarded once.
    { ...envelope(request, record), eventId: request.analysisId },
    {
      ...asked(request),
      cached,
      durationMs: BigInt(durationMs),
      ...(score === null ? {} : { score }),
    },
  );
  return [event, toAsker(EVENTS.realtimeAnalysisCompleted, request, record, { score })];
};

const failed = (request: AnalysisRequest, record: AnalysisRecord): [BusEvent, BusEvent] => {
  const { errorCode, errorMessage, attempts } = record;
  const event = createEvent(
    EVENTS.timelineFailed,
    { ...envelope(request, record), eventId: derivedEventId(request.analysisId, EVENTS.timelineFailed.subject) },
    { ...asked(request), errorCode, errorMessage, attempts },
  );
  const data = { error: errorCode, message: errorMessage };
  return [event, toAsker(EVENTS.realtimeAnalysisFailed, request, record, data)];
};

type RealtimeDefinition = typeof EVENTS.realtimeAnalysisCompleted | typeof EVENTS.realtimeAnalysisFailed;

const toAsker = (
  definition: RealtimeDefinition,
  request: AnalysisRequest,
  record: AnalysisRecord,
  more: JsonObject,
): BusEvent =>
  createEvent(
    definition,
    {
      ...envelope(request, record),
      aggregateId: request.userId,
      eventId: derivedEventId(request.analysisId, definition.subject),
    },
    {
      userId: request.userId,
      name: record.status === 'completed' ? 'analysis_completed' : 'analysis_failed',
      data: {
        analysis_id: request.analysisId,
        type: request.type,
        window: request.window,
        audience: request.audience,
        subject_did: request.subjectDid,
        cached: record.cached,
        correlation_id: request.correlationId,
        ...more,
      },
    },
  );

const envelope = (request: AnalysisRequest, record: AnalysisRecord) => ({
  aggregateId: request.analysisId,
  correlationId: request.correlationId,
  causationId: request.eventId,
  nowMs: record.finishedAtMs,
});

const asked = ({ analysisId, userId, subjectDid, type, window, audience, tier }: AnalysisRequest) => ({
  analysisId,
  userId,
  subjectDid,
  type,
  window,
  audience,
  tier,
});
