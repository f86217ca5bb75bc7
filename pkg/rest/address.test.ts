import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { clientAddress } from './address.ts';
import type { RestEnv } from './env.ts';

const seen = async (remoteAddress: string, forwarded: string | undefined, trustedProxies: number): Promise<string> => {
  const app = new Hono<RestEnv>();
  app.get('/', (c) => c.text(clientAddress(c, trustedProxies)));
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const response = await app.request('/', { headers }, { incoming: { socket: { remoteAddress } } });
  return response.text();
};

test.each([
  ['the socket counts', '192.0.2.7', undefined, 0, '192.0.2.7'],
  ['a header that nobody vouches for does not', '192.0.2.7', '198.51.100.1', 0, '192.0.2.7'],
  ['behind one proxy, what it added', '127.0.0.1', '6.6.6.6, 198.51.100.1', 1, '198.51.100.1'],
  ['behind two, what the first of them added', '127.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', 2, '198.51.100.1'],
  ['a shorter list than there are proxies', '127.0.0.1', '198.51.100.1', 2, '198.51.100.1'],
  ['a proxy that adds nothing', '127.0.0.1', undefined, 1, '127.0.0.1'],
  ['IPv4 in IPv6 clothes', '::ffff:192.0.2.7', undefined, 0, '192.0.2.7'],
  ['an IPv6 network is one', '2001:db8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2::/64'],
  ['however it is written', '2001:0DB8:1:2::9', undefined, 0, '2001:db8:1:2::/64'],
  ['with zeros left out in the middle', '2001:db8::1:2:3:4:5', undefined, 0, '2001:db8:0:1::/64'],
  ['loopback', '::1', undefined, 0, '0:0:0:0::/64'],
  ['a zone', 'fe80::1%eth0', undefined, 0, 'fe80:0:0:0::/64'],
  ['rubbish', '127.0.0.1', '<script>', 1, 'unknown'],
])('%s', async (...[, socket, forwarded, proxies, expected]) => {
  expect(await seen(socket, forwarded, proxies)).toBe(expected);
});
