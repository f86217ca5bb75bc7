import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nanos } from '@nats-io/transport-node';
import { EVENTS } from '#pkg/bus/events.ts';
import { streamOf } from '#pkg/bus/stream-table.ts';
import { ensureStream } from '#pkg/bus/streams.ts';
import { errorCode } from '#pkg/runtime/errors.ts';
import { readPublished } from './read-stream.ts';
import { makeRequest, type RequestFields } from './request.ts';
import { openStage, type Stage } from './stage.ts';
import { startTimeline, type TimelineProcess } from './timeline-process.ts';
import { verify } from './verify.ts';

/** Everything a saga needs, and the ways to break it. */
export interface SagaRoom {
  readonly timeline: TimelineProcess;
  /** Accepts a request as core-api does: from here on it must end, whatever is away. */
  accept(change: Partial<RequestFields>): void;
  killNats(): void;
  /** Kills Redis and starts it again after `awayMs`. */
  killRedis(awayMs: number): Promise<void>;
  /**
   * Waits until every accepted request has ended and nothing is under way, then compares all that can be seen of them.
   * Returns what is wrong, '' where nothing is. `natsDied`: frames held in memory may be gone.
   */
  settle(options: { natsDied: boolean }): Promise<string>;
  close(): Promise<void>;
}

/** A message whose process died comes again after this long, instead of a minute. */
const ackWaitMs = 1_500;
const settleTimeoutMs = 60_000;
const pollMs = 100;

export const openSagaRoom = async (): Promise<SagaRoom> => {
  const stage = await openStage();
  const stream = streamOf(EVENTS.timelineRequested.subject) ?? '';
  const update = { ack_wait: nanos(ackWaitMs) };
  await stage.bus.jsm.consumers.update(stream, 'timeline-processor', update);
  const timeline = await startTimeline({ natsUrl: stage.bus.url, redisUrl: stage.redisServer.url }, stage.postgres);
  let accepted: RequestFields[] = [];
  let publishing: Promise<void>[] = [];
  return {
    timeline,
    accept: (change) => {
      const { fields, event } = makeRequest(change);
      accepted.push(fields);
      publishing.push(publishUntilTaken(stage, event));
    },
    killNats: () => killNats(stage),
    killRedis: async (awayMs) => {
      await stage.redisServer.kill();
      await delay(awayMs);
      await stage.redisServer.start();
    },
    settle: async ({ natsDied }) => {
      await Promise.all(publishing);
      const isDone = await untilQuiet(stage, accepted);
      timeline.arm(null);
      // In memory, and gone with a NATS that died, until the next frame.
      await ensureStream(stage.bus, 'REALTIME');
      const wrong = isDone
        ? await verify({ accepted, postgres: stage.postgres, published: await readPublished(stage.bus), natsDied })
        : `not all ended within ${settleTimeoutMs} ms: ${JSON.stringify(await unfinished(stage, accepted))}`;
      for (const each of ['TIMELINE', 'REALTIME', 'DLQ']) await stage.bus.jsm.streams.purge(each);
      [accepted, publishing] = [[], []];
      return wrong;
    },
    close: async () => {
      await timeline.stop();
      await stage.close();
    },
  };
};

/** It starts again by itself, as an embedded one does. One that is dead already is dead enough. */
const killNats = ({ folder }: Stage): void => {
  const pid = Number(readFileSync(join(folder, 'data', 'nats', 'server.pid'), 'utf8'));
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
};

/** What an outbox does. */
const publishUntilTaken = async (
  { publisher }: Stage,
  event: ReturnType<typeof makeRequest>['event'],
): Promise<void> => {
  for (;;) {
    try {
      await publisher.publish(event);
      return;
    } catch {
      await delay(pollMs);
    }
  }
};

const unfinished = async ({ postgres }: Stage, accepted: readonly RequestFields[]): Promise<string[]> => {
  const { rows } = await postgres.query<{ id: string }>(
    `SELECT id FROM timeline_analyses WHERE status <> 'processing' AND id = ANY($1::uuid[])`,
    [accepted.map(({ analysisId }) => analysisId)],
  );
  const done = new Set(rows.map(({ id }) => id));
  return accepted.flatMap(({ analysisId }) => (done.has(analysisId) ? [] : [analysisId]));
};

const untilQuiet = async (stage: Stage, accepted: readonly RequestFields[]): Promise<boolean> => {
  const untilMs = performance.now() + settleTimeoutMs;
  while (performance.now() < untilMs) {
    const state = await stage.bus.jsm.consumers.info('TIMELINE', 'timeline-processor').catch(() => undefined);
    const left = state === undefined ? 1 : state.num_ack_pending + state.num_pending;
    if (left === 0 && (await unfinished(stage, accepted)).length === 0) return true;
    await delay(pollMs);
  }
  return false;
};
