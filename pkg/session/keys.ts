import { type CryptoKey, type JSONWebKeySet, importJWK } from 'jose';
import { z } from 'zod';
import type { Clock } from '#pkg/runtime/clock.ts';

/** Where the public keys come from: a function (same process) or core-api's `/.well-known/jwks.json`. */
export type JwksSource = (() => Promise<JSONWebKeySet> | JSONWebKeySet) | URL | string;

/** The public keys cannot be had at the moment, and there are none from before. Trying again may help. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  readonly retryable = true;

  constructor(cause: unknown) {
    super('the public keys of the sessions cannot be fetched', { cause });
  }
}

/** The public keys of the sessions, by `kid`. */
export interface SessionKeys {
  /**
   * The key with this id, or undefined when there is none.
   * @throws KeysUnavailableError
   */
  find(kid: string): Promise<CryptoKey | undefined>;
}

const MAX_AGE_MS = 600_000;
/** Unknown ids come from anybody, so they make us look again this often at most. */
const COOL_DOWN_MS = 10_000;
const FETCH_TIMEOUT_MS = 3_000;
const MAX_BYTES = 65_536;
const MAX_KEYS = 16;

const jwksSchema = z.object({
  keys: z
    .array(
      z.object({
        kty: z.string(),
        kid: z.string().max(200).optional(),
        n: z.string().optional(),
        e: z.string().optional(),
      }),
    )
    .max(MAX_KEYS),
});

/**
 * Keeps the key set for ten minutes and looks again, at most every ten seconds, for an id that is not in it. While
 * the source is away the keys from before go on being used.
 */
export function createSessionKeys(source: JwksSource, clock: Clock): SessionKeys {
  const load = typeof source === 'function' ? async () => source() : () => fetchKeys(source);
  let keys: ReadonlyMap<string, CryptoKey> | undefined;
  let triedAtMs = -Infinity;
  let loadedAtMs = -Infinity;
  let loading: Promise<void> | undefined;

  const reload = async () => {
    triedAtMs = clock.nowMs();
    try {
      keys = await importKeys(await load());
      loadedAtMs = clock.nowMs();
    } catch (error) {
      if (keys === undefined) {
        triedAtMs = -Infinity;
        throw new KeysUnavailableError(error);
      }
    }
  };
  const reloadOnce = () => {
    loading ??= reload().finally(() => {
      loading = undefined;
    });
    return loading;
  };

  return {
    async find(kid) {
      const nowMs = clock.nowMs();
      const isOld = keys === undefined || nowMs - loadedAtMs > MAX_AGE_MS || !keys.has(kid);
      if (loading !== undefined || (isOld && nowMs - triedAtMs > COOL_DOWN_MS)) await reloadOnce();
      return keys?.get(kid);
    },
  };
}

/** Only RSA signing keys with an id; anything else in the set is somebody else's business. */
async function importKeys(found: unknown): Promise<ReadonlyMap<string, CryptoKey>> {
  const { keys } = jwksSchema.parse(found);
  const imported = new Map<string, CryptoKey>();
  for (const jwk of keys) {
    const { kty, kid, n, e } = jwk;
    if (kty !== 'RSA' || kid === undefined || n === undefined || e === undefined) continue;
    const key = await importJWK({ kty, n, e }, 'RS256');
    if (!(key instanceof Uint8Array)) imported.set(kid, key);
  }
  if (imported.size === 0) throw new Error('the key set has no RSA key with an id');
  return imported;
}

async function fetchKeys(url: URL | string): Promise<unknown> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/json' },
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the answer is HTTP ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the key set is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
