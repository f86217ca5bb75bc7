import { Redis } from 'ioredis';
import { UserError } from '#pkg/runtime/errors.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';

const OLDEST = [6, 2] as const;

/**
 * One try to use the server: reachable, lets us in, has the database that the URL names, has loaded its data, is new enough.
 * @throws UserError when it refuses us or is too old; the connection's error when trying again may help
 */
export async function checkRedis(url: string): Promise<void> {
  const redis = probeClient(url);
  const errors: Error[] = [];
  redis.on('error', (error: Error) => errors.push(error));
  try {
    await redis.connect();
    const info = await redis.info('server');
    // An unknown database number does not fail the connection: it would silently use database 0.
    if (errors[0] !== undefined) throw errors[0];
    checkVersion(info, url);
  } catch (thrown) {
    const error = errors[0] ?? thrown;
    if (isRefusal(error)) {
      throw new UserError(`Redis at ${redactUrl(url)} refuses us: ${error.message}.`, {
        hint: 'Correct the user, the password or the database number in REDIS_URL.',
        cause: error,
      });
    }
    throw error;
  } finally {
    redis.disconnect();
  }
}

function probeClient(url: string): Redis {
  if (!URL.canParse(url) || !['redis:', 'rediss:'].includes(new URL(url).protocol)) {
    throw new UserError(`REDIS_URL is not a Redis URL: ${redactUrl(url)}.`, {
      hint: 'Write it as redis://[user:password@]host:port[/database], or rediss:// for TLS.',
    });
  }
  return new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
  });
}

/** Answers that only mean "not yet". The first word of a Redis error is its code, by the protocol's convention. */
const TEMPORARY = new Set(['LOADING', 'BUSY', 'MASTERDOWN', 'TRYAGAIN', 'CLUSTERDOWN']);

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError' && !TEMPORARY.has(error.message.split(' ', 1)[0] ?? '');
}

function checkVersion(info: string, url: string): void {
  const version = /^redis_version:(\d+)\.(\d+)\S*/m.exec(info);
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  const shown = version?.[0].slice('redis_version:'.length) ?? 'of unknown version';
  throw new UserError(`Redis at ${redactUrl(url)} is ${shown}; Skyflow needs ${OLDEST.join('.')} or newer.`, {
    hint: 'Upgrade it, or unset REDIS_URL to let Skyflow run its own.',
  });
}
