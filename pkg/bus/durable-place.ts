import type { Bus } from './client.ts';
import { type DurableName, findDurable, type StreamName } from './stream-table.ts';

/** How far a durable is. */
export interface DurablePlace {
  /** When the server made it; another one after it was made anew, whose numbers say nothing of the former's. */
  life: string;
  /** All of the stream up to this sequence is acknowledged, or was not for it. */
  ackFloor: number;
  /** How many messages wait for it, those included that are being worked on. */
  pending: number;
}

/**
 * Asks the server how far a durable is.
 * @throws the client's error when there is no such durable, or no answer within 5 s
 */
export async function durablePlace(
  { jsm }: Pick<Bus, 'jsm'>,
  durable: DurableName,
  stream?: StreamName,
): Promise<DurablePlace> {
  const spec = findDurable(durable, stream);
  const info = await jsm.consumers.info(spec.stream, spec.durable);
  return {
    life: info.created,
    ackFloor: info.ack_floor.stream_seq,
    pending: info.num_pending + info.num_ack_pending,
  };
}
