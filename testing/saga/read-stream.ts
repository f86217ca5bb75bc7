import { fromBinary, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { Bus } from '#pkg/bus/client.ts';
import { type EventDefinition, EVENTS } from '#pkg/bus/events.ts';
import { streamOf } from '#pkg/bus/stream-table.ts';
import { dlqSubject } from '#pkg/bus/subjects.ts';
import type { RealtimeEvent } from '#proto/skyflow/events/v1/realtime_pb.js';
import type {
  TimelineCompletedEvent,
  TimelineFailedEvent,
  TimelineRequestedEvent,
} from '#proto/skyflow/events/v1/timeline_pb.js';

/** Every message that a stream still holds of one subject, oldest first. */
const messages = async (bus: Bus, subject: string): Promise<Uint8Array[]> => {
  const stream = streamOf(subject);
  if (stream === undefined) throw new Error(`no stream takes ${subject}`);
  const found: Uint8Array[] = [];
  for (let seq = 1; ;) {
    // The server knows this form of the request, the client's types do not.
    const next = { seq, next_by_subj: subject };
    const message = await bus.jsm.streams.getMessage(stream, next);
    if (message === null) return found;
    found.push(message.data);
    seq = message.seq + 1;
  }
};

const read = async <M extends Message>(bus: Bus, subject: string, schema: GenMessage<M>): Promise<M[]> =>
  (await messages(bus, subject)).map((bytes) => fromBinary(schema, bytes));

/** What the streams say about analyses. */
export interface Published {
  readonly completed: TimelineCompletedEvent[];
  readonly failed: TimelineFailedEvent[];
  readonly toldCompleted: RealtimeEvent[];
  readonly toldFailed: RealtimeEvent[];
  readonly dead: TimelineRequestedEvent[];
}

export const readPublished = async (bus: Bus): Promise<Published> => {
  const of = <M extends Message>(definition: EventDefinition & { schema: GenMessage<M> }) =>
    read(bus, definition.subject, definition.schema);
  return {
    completed: await of(EVENTS.timelineCompleted),
    failed: await of(EVENTS.timelineFailed),
    toldCompleted: await of(EVENTS.realtimeAnalysisCompleted),
    toldFailed: await of(EVENTS.realtimeAnalysisFailed),
    dead: await read(bus, dlqSubject(EVENTS.timelineRequested.subject), EVENTS.timelineRequested.schema),
  };
};
