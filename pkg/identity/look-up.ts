import type { ExpiringMap } from './expiring-map.ts';
import type { IdentityProblem, LookUpSettings } from './identity.ts';
import { isIdentityProblem } from './identity.ts';
import type { Limiter } from './limiter.ts';
import { orLate } from '#pkg/runtime/waiting.ts';

/** Answers a key from its cache or by asking, once for all who want to know at the same time. Never rejects. */
export interface LookUp<V> {
  find(key: string): Promise<V | IdentityProblem>;
  /** Asks whatever the cache says. A failure of the network does not replace an answer that the cache still has. */
  ask(key: string): Promise<V | IdentityProblem>;
}

export interface LookUpOptions<V> {
  readonly cache: ExpiringMap<V | IdentityProblem>;
  readonly settings: LookUpSettings;
  readonly limiter: Limiter;
  /** Rejects when the network failed: that is the problem `unavailable`. */
  readonly ask: (key: string) => Promise<V | IdentityProblem>;
}

const UNAVAILABLE: IdentityProblem = {
  problem: 'unavailable',
  message: 'the account cannot be looked up at the moment; try again later',
};

/** A failure is kept for a moment only, so that a short outage is not made longer, but slow servers are not asked at once again. */
const FAILURE_TTL_MS = 5_000;
/** A look-up is DNS and a request or two, each with a time-out of its own; this is what a caller waits at most. */
const PATIENCE_FACTOR = 3;

/** See LookUp. The number of look-ups at once, and of those waiting, is the limiter's. */
export function createLookUp<V>({ cache, settings, limiter, ask }: LookUpOptions<V>): LookUp<V> {
  const flights = new Map<string, Promise<V | IdentityProblem>>();

  const fly = async (key: string): Promise<V | IdentityProblem> => {
    const answer = await limiter.run(() => ask(key)).catch(() => UNAVAILABLE);
    const known = cache.get(key);
    if (answer !== UNAVAILABLE)
      cache.set(key, answer, isIdentityProblem(answer) ? settings.negativeTtlMs : settings.ttlMs);
    else if (known === undefined || isIdentityProblem(known)) cache.set(key, answer, FAILURE_TTL_MS);
    return answer;
  };
  const join = (key: string) => {
    const flying = flights.get(key);
    if (flying !== undefined) return flying;
    const flight = fly(key).finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
  const withPatience = (flight: Promise<V | IdentityProblem>) =>
    orLate(flight, settings.timeoutMs * PATIENCE_FACTOR, UNAVAILABLE);

  return {
    async find(key) {
      return cache.get(key) ?? withPatience(join(key));
    },
    ask: (key) => withPatience(join(key)),
  };
}
