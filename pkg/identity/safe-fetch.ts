import { safeFetchWrap } from '@atproto-labs/fetch-node';
import { createLimiter } from './limiter.ts';
import { unlessAborted } from '#pkg/runtime/waiting.ts';

/** `fetch` for addresses that users name. The body has been read when it resolves. */
export type SafeFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface SafeFetchOptions {
  /** Lets plain http, ports, IP literals and private addresses through. For tests and networks on one machine only. */
  readonly allowPrivate?: boolean;
  /** For the whole exchange, body included; default 8 s. */
  readonly timeoutMs?: number;
  /** Of the answer's body; default 256 KiB. */
  readonly maxBytes?: number;
  /** Exchanges at once; default 32. Four times as many may wait. */
  readonly atOnce?: number;
}

/**
 * Why there is no answer is in `cause`, for us. Callers of the API learn only that there was none: the difference between
 * refused, filtered and unreachable would let them map our network.
 */
export class SafeFetchError extends Error {
  override readonly name = 'SafeFetchError';
  readonly retryable = true;

  constructor(cause: unknown) {
    super('the other server gave no usable answer', { cause });
  }
}

/**
 * A fetch that follows no redirect and speaks https on its usual port only, to names that resolve to public addresses only
 * (judged at connect time, so a name that changes in between gains nothing), bounded in time, size and number.
 *
 * It rejects with SafeFetchError, or with BusyError when too many wait.
 */
export function createSafeFetch(options: SafeFetchOptions = {}): SafeFetch {
  const { allowPrivate = false, timeoutMs = 8_000, maxBytes = 262_144, atOnce = 32 } = options;
  const guarded = safeFetchWrap({
    ssrfProtection: !allowPrivate,
    allowIpHost: allowPrivate,
    ...(allowPrivate ? { forbiddenDomainNames: [] } : {}),
    // Ours covers the reading of the body as well; this one is the second net.
    timeout: timeoutMs * 2,
    responseMaxSize: maxBytes,
  });
  const limiter = createLimiter({ atOnce, waiting: atOnce * 4 });

  const exchange = async (url: string | URL, init: RequestInit) => {
    const timeUp = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, timeUp]) : timeUp;
    try {
      const response = await guarded(url, { ...init, redirect: 'error', signal });
      const { status, headers } = response;
      const body = await readAll(response, signal);
      // An empty body must be null where the status forbids one.
      return new Response(body.length === 0 ? null : body, { status, headers });
    } catch (error) {
      throw new SafeFetchError(error);
    }
  };
  return (url, init = {}) => limiter.run(() => exchange(url, init));
}

/** The wrappers' streams need not end when the signal fires, so the reading itself is raced against it. */
async function readAll(response: Response, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array();
  return new Uint8Array(await unlessAborted(response.arrayBuffer(), signal));
}
