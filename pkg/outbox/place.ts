import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { Bus } from '#pkg/bus/client.ts';
import { durablePlace } from '#pkg/bus/durable-place.ts';
import type { Place } from './held.ts';

const GONE: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];

/** Says how far the gateways have read the frames, for the relay; undefined while their stream or durable is not there. */
export const gatewayPlace = (bus: Pick<Bus, 'jsm'>) => async (): Promise<Place | undefined> => {
  try {
    return await durablePlace(bus, 'realtime-gateway');
  } catch (error) {
    if (error instanceof JetStreamApiError && GONE.includes(error.code)) return undefined;
    throw error;
  }
};
