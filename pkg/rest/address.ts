import { isIPv4, isIPv6 } from 'node:net';
import type { RestContext } from './env.ts';

/**
 * Whom a request counts against while nobody is signed in: the address of the socket or, behind proxies of ours, the one
 * that the outermost of them saw. What stands further left in `X-Forwarded-For` was written by the caller and is not believed.
 * One IPv6 network of 64 bits is one customer, so it is one address.
 */
export function clientAddress(c: RestContext, trustedProxies: number): string {
  const socket = c.env?.incoming?.socket.remoteAddress;
  const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((part) => part.trim());
  const seen = trustedProxies > 0 ? (forwarded.at(-trustedProxies) ?? forwarded[0]) : undefined;
  return networkOf(seen === undefined || seen === '' ? (socket ?? '') : seen);
}

function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return plain;
  if (!isIPv6(plain)) return 'unknown';
  const [head = '', tail = ''] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  // `::` stands for as many zeros as are missing; only the first four groups matter.
  if (plain.includes('::')) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
