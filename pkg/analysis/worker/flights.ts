import { unlessAborted } from '#pkg/runtime/waiting.ts';

/** One piece of work for all who want the same at the same time. */
export interface Flights<T> {
  /**
   * Joins the work under way for `key`, or starts it. `signal` lets this caller go, with an AbortError; the work itself is
   * aborted when the last one has gone.
   */
  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<Joined<T>>;
}

export interface Joined<T> {
  readonly value: T;
  /** Whether this caller started it. */
  readonly first: boolean;
}

interface Flight<T> {
  readonly work: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}

/** Holds an entry only while its work runs: as many at most as there are callers. */
export const createFlights = <T>(): Flights<T> => {
  const flights = new Map<string, Flight<T>>();
  const takeOff = (key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const abort = new AbortController();
    const work = (async () => start(abort.signal))();
    const flight: Flight<T> = { work, abort, callers: 0 };
    flights.set(key, flight);
    const land = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    // Whoever waits hears of a failure; where nobody does any more it concerns nobody.
    work.then(land, land);
    return flight;
  };
  return {
    join: async (key, start, signal) => {
      if (signal.aborted) throw abortError(signal);
      const present = flights.get(key);
      const flight = present ?? takeOff(key, start);
      flight.callers += 1;
      try {
        return { value: await unlessAborted(flight.work, signal, abortError), first: present === undefined };
      } finally {
        flight.callers -= 1;
        if (flight.callers === 0) {
          // Nobody must join what is being aborted.
          if (flights.get(key) === flight) flights.delete(key);
          flight.abort.abort(signal.reason);
        }
      }
    },
  };
};

const abortError = (signal: AbortSignal): Error =>
  new DOMException('nobody waits for it any more', { name: 'AbortError', cause: signal.reason });
