import type { TestPds } from '@atproto/dev-env';
import { lexToJson } from '@atproto/lex';
import { type Event, Firehose } from '@atproto/sync';
import { moduleOf } from '../../pkg/indexer/records/modules.ts';
import { FrameLog } from '../simulator/frame-log.ts';
import { goJson, type Json } from '../simulator/go-json.ts';
import { startSimulator } from '../simulator/server.ts';

/** A Jetstream host (v1 wire) that tells what one PDS tells on its firehose. */
export interface Bridge extends AsyncDisposable {
  /** Address to subscribe to. */
  readonly url: string;
  /** Every frame so far; a subscriber with a cursor is served from here. */
  readonly log: FrameLog;
  /** Number of the PDS's last event that is in the log. */
  readonly seq: number;
  /** Time of the newest frame that Skyflow asks for, in microseconds; 0 before the first. */
  readonly wantedUs: number;
  /** What the PDS's firehose had to say that could not be understood. Nothing, if all is well. */
  readonly errors: readonly Error[];
  /** Cuts all subscribers off without a word; they may come again. */
  dropAll(): void;
}

/** Starts one, from the PDS's first event on. */
export const startBridge = async (pds: TestPds): Promise<Bridge> => {
  const log = new FrameLog();
  const host = await startSimulator({ log });
  const errors: Error[] = [];
  let seq = 0;
  let timeUs = 0;
  let wantedUs = 0;
  // Without a runner: with one, events of different accounts overtake each other.
  const firehose = new Firehose({
    service: `ws://localhost:${pds.port}`,
    idResolver: pds.ctx.idResolver,
    unauthenticatedCommits: true,
    getCursor: () => seq,
    subscriptionReconnectDelay: 100,
    onError: (error) => void errors.push(error),
    handleEvent: (event) => {
      const frame = toFrame(event);
      if (frame !== undefined) {
        // A host stamps what it sends by its own clock, and no two alike.
        timeUs = Math.max(timeUs + 1, Date.now() * 1000);
        host.append([{ timeUs, text: goJson({ did: event.did, time_us: timeUs, ...frame }) }]);
        if (isWanted(event)) wantedUs = timeUs;
      }
      seq = event.seq;
    },
  });
  const running = firehose.start();
  return {
    url: host.url,
    log,
    errors,
    dropAll: () => host.dropAll(),
    get seq() {
      return seq;
    },
    get wantedUs() {
      return wantedUs;
    },
    async [Symbol.asyncDispose]() {
      await firehose.destroy();
      await running;
      await host.close();
    },
  };
};

/** What is in a frame beside `did` and `time_us`, in Jetstream's order; undefined for what it does not pass on. */
const toFrame = (event: Event): { [key: string]: Json } | undefined => {
  switch (event.event) {
    case 'sync':
      return undefined;
    case 'account': {
      const { did, seq, time, active, status } = event;
      const account = { active, did, seq, ...(status === undefined ? {} : { status }), time };
      return { kind: 'account', account };
    }
    case 'identity': {
      const { did, seq, time, handle } = event;
      return { kind: 'identity', identity: { did, ...(handle === undefined ? {} : { handle }), seq, time } };
    }
    case 'delete': {
      const { rev, collection, rkey } = event;
      return { kind: 'commit', commit: { rev, operation: 'delete', collection, rkey } };
    }
    case 'create':
    case 'update': {
      const { rev, collection, rkey } = event;
      const record = lexToJson(event.record) as Json;
      const commit = { rev, operation: event.event, collection, rkey, record, cid: event.cid.toString() };
      return { kind: 'commit', commit };
    }
  }
};

const isWanted = (event: Event): boolean => !('collection' in event) || moduleOf(event.collection) !== undefined;
