import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { UserError } from '#pkg/runtime/errors.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';

/**
 * What NATS_URL says, in the client's words: `nats://[user:password@ | token@]host[:port]`, `tls://` for TLS, several
 * servers of one cluster separated by commas. The client itself does not read credentials from a URL.
 * @throws UserError when it cannot be understood
 */
export function parseNatsUrl(url: string): NodeConnectionOptions {
  const parsed = url.split(',').map((part) => parseOne(part.trim(), url));
  const withUser = parsed.find(({ username }) => username !== '');
  const servers = parsed.map(({ host }) => host);
  return {
    servers,
    ...(parsed.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
    ...(withUser === undefined ? {} : credentials(withUser)),
  };
}

function credentials({ username, password }: URL): NodeConnectionOptions {
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}

function parseOne(part: string, whole: string): URL {
  const text = part.includes('://') ? part : `nats://${part}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || !['nats:', 'tls:'].includes(url.protocol)) {
    throw new UserError(`NATS_URL is not a NATS URL: ${redactUrl(whole)}.`, {
      hint: 'Write it as nats://[user:password@]host:port, with tls:// for TLS, several separated by commas.',
    });
  }
  if (url.port === '') url.port = '4222';
  return url;
}
