import type { Redis } from 'ioredis';
import type { OutboxRelay } from '#pkg/outbox/relay.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { ApiDocument } from '#pkg/rest/documents.ts';
import type { SessionSigner } from '#pkg/session/signer.ts';
import type { SessionStore } from '#pkg/session/store.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import type { CoreEvents } from './events.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import type { SafeFetch } from '#pkg/identity/safe-fetch.ts';
import type { RateLimits } from '#pkg/rest/limiter.ts';
import type { CoreLimits, LimitName } from './limits.ts';

/** What the routes work with. */
export interface CoreContext {
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly sessions: SessionStore;
  readonly verifier: Verifier;
  readonly signer: SessionSigner;
  readonly directory: Directory;
  /** Asks PDSs: guarded, since their addresses are the accounts' to choose. */
  readonly fetch: SafeFetch;
  /** Our own DID: what a service-auth token must be for. */
  readonly serviceDid: string;
  /** Where people reach this server, without a slash at the end. */
  readonly publicUrl: string;
  /** How many proxies of ours stand in front; each adds one address to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  /** Of other parts of the API, for one document of all. */
  readonly otherDocuments: readonly ApiDocument[];
  readonly clock: Clock;
  readonly limits: CoreLimits;
  readonly rates: RateLimits<LimitName>;
  readonly relay: Pick<OutboxRelay, 'offer'>;
  readonly events: CoreEvents;
}
