import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Clock } from '#pkg/runtime/clock.ts';
import { CREATE, REFRESH, REVOKE, REVOKE_ALL } from './scripts.ts';
import { isSecret, randomSecret, seal, sha256, unseal } from './secrets.ts';
import { ACCESS_TOKEN_TTL_MS, REFRESH_TOKEN_TTL_MS, TOKEN_AUDIENCE, TOKEN_ISSUER } from './session.ts';
import type { SessionSigner } from './signer.ts';

/** What a client gets at sign-in and at each refresh. */
export interface SessionTokens {
  readonly sid: string;
  /** A JWT, good for an hour. */
  readonly accessToken: string;
  /** Good once, for 30 days. */
  readonly refreshToken: string;
  /** When the access token ends, ISO 8601. */
  readonly expiresAt: string;
}

/** `reused`: somebody used a token a second time, so two hold it; the whole session has been ended. */
export type RefreshOutcome =
  | ({ readonly kind: 'rotated'; readonly userId: string; readonly handle: string | null } & SessionTokens)
  | { readonly kind: 'reused'; readonly userId: string; readonly sid: string }
  | { readonly kind: 'unknown' };

/** The sessions. Every method rejects with ioredis' error while Redis is away. */
export interface SessionStore {
  /** Starts a session; beyond 50 of one user, the least recently refreshed one ends. */
  create(user: { readonly userId: string; readonly handle: string | null }): Promise<SessionTokens>;
  /** Gives the next tokens for a refresh token. Within ten seconds the same token gives the same successor again. */
  refresh(refreshToken: string): Promise<RefreshOutcome>;
  /** Ends one session: its access tokens and tickets stop working at once. False when it had ended before. */
  revoke(sid: string): Promise<boolean>;
  /** Ends all sessions of a user and says how many there were. */
  revokeAll(userId: string): Promise<number>;
}

export interface SessionStoreOptions {
  readonly redis: Pick<Redis, 'eval'>;
  readonly signer: Pick<SessionSigner, 'sign'>;
  readonly clock: Clock;
  /** Default 50. */
  readonly maxSessionsPerUser?: number;
}

/** For a client that sent one token twice, or whose answer got lost on the way. Long enough for a retry, no longer. */
const GRACE_MS = 10_000;
/** Used tokens that are remembered for each session: 30 days of hourly refreshes are 720. */
const MAX_CHAIN = 1_000;

const refreshReply = z.union([
  z.tuple([z.literal('rotated'), z.string(), z.string(), z.string(), z.string()]),
  z.tuple([z.literal('reused'), z.string(), z.string()]),
  z.tuple([z.literal('unknown')]),
]);

/** Sessions in Redis, which holds the SHA-256 of refresh tokens only. */
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { redis, signer, clock, maxSessionsPerUser = 50 } = options;
  const run = (script: string, ...args: (string | number)[]) => redis.eval(script, 0, ...args);

  const tokens = async (sid: string, userId: string, handle: string | null, refreshToken: string) => {
    const issuedAtS = Math.floor(clock.nowMs() / 1000);
    const expiresAtS = issuedAtS + ACCESS_TOKEN_TTL_MS / 1000;
    const accessToken = await signer.sign({
      iss: TOKEN_ISSUER,
      aud: TOKEN_AUDIENCE,
      sub: userId,
      sid,
      ...(handle === null ? {} : { handle }),
      iat: issuedAtS,
      exp: expiresAtS,
      jti: randomUUID(),
    });
    return { sid, accessToken, refreshToken, expiresAt: new Date(expiresAtS * 1000).toISOString() };
  };

  return {
    async create({ userId, handle }) {
      const sid = randomUUID();
      const refreshToken = randomSecret();
      const times = [clock.nowMs(), REFRESH_TOKEN_TTL_MS, MAX_CHAIN, maxSessionsPerUser];
      await run(CREATE, sid, userId, handle ?? '', sha256(refreshToken), ...times);
      return tokens(sid, userId, handle, refreshToken);
    },

    async refresh(refreshToken) {
      if (!isSecret(refreshToken)) return { kind: 'unknown' };
      const next = randomSecret();
      const hashes = [sha256(refreshToken), sha256(next), seal(next, refreshToken)];
      const reply = await run(REFRESH, ...hashes, clock.nowMs(), REFRESH_TOKEN_TTL_MS, GRACE_MS, MAX_CHAIN);
      const [kind, sid, userId, handleText, sealed] = refreshReply.parse(reply);
      if (kind === 'unknown') return { kind };
      if (kind === 'reused') return { kind, sid, userId };
      // The successor may be an earlier one than `next`: then this token was just used, and gives what it gave then.
      const handle = handleText === '' ? null : handleText;
      return { kind, userId, handle, ...(await tokens(sid, userId, handle, unseal(sealed, refreshToken))) };
    },

    async revoke(sid) {
      return (await run(REVOKE, sid)) === 1;
    },

    async revokeAll(userId) {
      return Number(await run(REVOKE_ALL, userId));
    },
  };
}
