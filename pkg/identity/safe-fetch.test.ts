import dns, { type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { HandleResolver } from '@atproto/identity';
import { afterEach, describe, expect, it } from 'vitest';
import { BusyError } from './limiter.ts';
import { SafeFetchError, createSafeFetch } from './safe-fetch.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.headers.host ?? ''}${request.url}`);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, requests };
}

/** Every name of `hosts` resolves to what it is said to, everything else to nothing, until the test ends. */
function resolveNames(hosts: Record<string, string[]>): void {
  const { lookup } = dns;
  const fake = (name: string, options: { all?: boolean }, done: (...args: unknown[]) => void) => {
    const found: LookupAddress[] = (hosts[name] ?? (net.isIP(name) === 0 ? [] : [name])).map((address) => ({
      address,
      family: net.isIP(address),
    }));
    const [first] = found;
    if (first === undefined) done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    else if (options.all === true) done(null, found);
    else done(null, first.address, first.family);
  };
  Object.assign(dns, { lookup: fake });
  syncBuiltinESMExports();
  closing.push(() => {
    Object.assign(dns, { lookup });
    syncBuiltinESMExports();
  });
}

/**
 * TLS connections go, without TLS, to `port`, after the name was looked up by the connection's own look-up, as it would be.
 * @returns the hosts that a connection was opened to
 */
function pretendTls(port: number): string[] {
  const connected: string[] = [];
  const { connect } = tls;
  const fake = (options: tls.ConnectionOptions) => {
    const socket = new net.Socket();
    const host = String(options.host);
    const open = () => {
      connected.push(host);
      socket.connect(port, '127.0.0.1', () => socket.emit('secureConnect'));
    };
    const look = options.lookup;
    if (look === undefined || net.isIP(host) !== 0) setImmediate(open);
    else look(host, { all: true }, (error) => (error === null ? open() : socket.destroy(error)));
    return Object.assign(socket, { alpnProtocol: false });
  };
  Object.assign(tls, { connect: fake });
  closing.push(() => void Object.assign(tls, { connect }));
  return connected;
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => new Error('it was let through'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SafeFetchError);
  return error as Error;
}

function causes(error: unknown): string {
  return error instanceof Error ? `${error.message} / ${causes(error.cause)}` : '';
}

describe('an address that must not be asked', () => {
  it.each([
    ['plain http', 'http://pds.skyflow-test.dev/', /Forbidden protocol/],
    ['a file', 'file:///etc/passwd', /requests are not allowed/],
    ['data', 'data:text/plain,hello', /requests are not allowed/],
    ['another port', 'https://pds.skyflow-test.dev:8443/', /ports not allowed/],
    ['a database port', 'https://pds.skyflow-test.dev:6379/', /ports not allowed/],
    ['loopback', 'https://127.0.0.1/', /Invalid hostname|non-unicast/],
    ['loopback written short', 'https://127.1/', /Invalid hostname|non-unicast/],
    ['loopback as a number', 'https://2130706433/', /Invalid hostname|non-unicast/],
    ['loopback in hexadecimal', 'https://0x7f000001/', /Invalid hostname|non-unicast/],
    ['loopback in octal', 'https://0177.0.0.1/', /Invalid hostname|non-unicast/],
    ['loopback in full-width digits', 'https://１２７.0.0.1/', /Invalid hostname|non-unicast/],
    ['link-local metadata', 'https://169.254.169.254/latest/meta-data/', /Invalid hostname|non-unicast/],
    ['10/8', 'https://10.1.2.3/', /Invalid hostname|non-unicast/],
    ['172.16/12', 'https://172.31.255.1/', /Invalid hostname|non-unicast/],
    ['192.168/16', 'https://192.168.1.1/', /Invalid hostname|non-unicast/],
    ['carrier NAT', 'https://100.64.0.1/', /Invalid hostname|non-unicast/],
    ['this network', 'https://0.0.0.0/', /Invalid hostname|non-unicast/],
    ['IPv6 loopback', 'https://[::1]/', /Invalid hostname|non-unicast/],
    ['IPv6 link-local', 'https://[fe80::1]/', /Invalid hostname|non-unicast/],
    ['IPv6 unique local', 'https://[fd00:ec2::254]/', /Invalid hostname|non-unicast/],
    ['IPv4 in IPv6', 'https://[::ffff:10.0.0.1]/', /Invalid hostname|non-unicast/],
    ['NAT64', 'https://[64:ff9b::7f00:1]/', /Invalid hostname|non-unicast/],
    ['a public address without a name', 'https://8.8.8.8/', /Invalid hostname/],
    ['a name of documentation', 'https://pds.example.com/', /Forbidden hostname/],
  ])('%s is refused before anything is looked up', async (_, url, why) => {
    resolveNames({});
    const { port } = await serve((_request, response) => response.end('inside'));
    const connected = pretendTls(port);
    const error = await failure(createSafeFetch()(url));
    expect(causes(error)).toMatch(why);
    expect(error.message).toBe('the other server gave no usable answer');
    expect(connected).toEqual([]);
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['other loopback', ['127.9.9.9']],
    ['link-local', ['169.254.169.254']],
    ['10/8', ['10.0.0.5']],
    ['172.16/12', ['172.16.0.1']],
    ['192.168/16', ['192.168.0.1']],
    ['carrier NAT', ['100.100.100.200']],
    ['unspecified', ['0.0.0.0']],
    ['the benchmark range', ['198.18.0.1']],
    ['broadcast', ['255.255.255.255']],
    ['multicast', ['224.0.0.1']],
    ['IPv6 loopback', ['::1']],
    ['IPv6 unspecified', ['::']],
    ['IPv6 link-local', ['fe80::1']],
    ['IPv6 unique local', ['fc00::1']],
    ['IPv4 in IPv6', ['::ffff:127.0.0.1']],
    ['NAT64 of loopback', ['64:ff9b::7f00:1']],
    ['6to4 of a private address', ['2002:a00:1::1']],
    ['one public and one private address', ['8.8.8.8', '10.0.0.1']],
  ])('a name that resolves to %s is refused', async (_, addresses) => {
    resolveNames({ 'pds.skyflow-test.dev': addresses });
    const { port, requests } = await serve((_request, response) => response.end('inside'));
    const connected = pretendTls(port);
    expect(causes(await failure(createSafeFetch()('https://pds.skyflow-test.dev/')))).toMatch(/non-unicast/);
    expect([connected, requests]).toEqual([[], []]);
  });

  it.each(['localhost', 'db.localhost', 'printer.local', 'redis', 'host.test'])(
    'the local name %s is refused',
    async (name) => {
      resolveNames({ [name]: ['8.8.8.8'] });
      const { port } = await serve((_request, response) => response.end('inside'));
      const connected = pretendTls(port);
      await failure(createSafeFetch()(`https://${name}/`));
      expect(connected).toEqual([]);
    },
  );

  it('a name that resolves to a public address is let through (so the others were refused for what they are)', async () => {
    resolveNames({ 'pds.skyflow-test.dev': ['8.8.8.8', '2001:4860:4860::8888'] });
    const { port } = await serve((_request, response) => response.end('hello'));
    expect(pretendTls(port)).toEqual([]);
    const response = await createSafeFetch()('https://pds.skyflow-test.dev/');
    expect(await response.text()).toBe('hello');
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is not followed, wherever it leads', async (status) => {
    const inside = await serve((_, response) => response.end('inside'));
    const outside = await serve((_, response) =>
      response.writeHead(status, { location: `${inside.url}/secret` }).end(),
    );
    const fetch = createSafeFetch({ allowPrivate: true });
    await failure(fetch(outside.url));
    await failure(fetch(outside.url, { redirect: 'follow', method: 'POST', body: 'password' }));
    expect(outside.requests.length).toBe(2);
    expect(inside.requests).toEqual([]);
  });

  it.each([
    'http://handle.skyflow-test.dev/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://inside.skyflow-test.dev/x',
    'https://handle.skyflow-test.dev:8443/x',
  ])("of a handle's well-known file to %s is not followed by the resolver's own guard", async (location) => {
    resolveNames({ 'handle.skyflow-test.dev': ['8.8.8.8'], 'inside.skyflow-test.dev': ['10.0.0.1'] });
    const { port, requests } = await serve((request, response) => {
      if (request.url === '/x') response.end('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa');
      else response.writeHead(302, { location }).end();
    });
    const connected = pretendTls(port);
    expect(await new HandleResolver().resolveHttp('handle.skyflow-test.dev')).toBeUndefined();
    expect(connected).toEqual(['handle.skyflow-test.dev']);
    expect(requests.filter((request) => request.endsWith('/x'))).toEqual([]);
  });

  it("of a handle's well-known file to a public host is followed (so the others were refused for where they lead)", async () => {
    resolveNames({ 'handle.skyflow-test.dev': ['8.8.8.8'], 'www.skyflow-test.dev': ['8.8.4.4'] });
    const { port } = await serve((request, response) => {
      if (request.url === '/x') response.end('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa');
      else response.writeHead(302, { location: 'https://www.skyflow-test.dev/x' }).end();
    });
    pretendTls(port);
    expect(await new HandleResolver().resolveHttp('handle.skyflow-test.dev')).toBe('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa');
  });
});

describe('an answer', () => {
  const small = { allowPrivate: true, maxBytes: 1_000, timeoutMs: 300 };

  it('that says it is too large is not read', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000)),
    );
    expect(causes(await failure(createSafeFetch(small)(url)))).toMatch(/too large/);
  });

  it('that never ends is cut off at its largest size', async () => {
    let sentBytes = 0;
    const { url } = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) sentBytes += 65_536;
      };
      response.on('drain', more);
      more();
    });
    await failure(createSafeFetch({ ...small, timeoutMs: 20_000 })(url));
    // What the sockets between us hold, and no more.
    expect(sentBytes).toBeLessThan(20_000_000);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['that never begins', () => undefined],
    ['that stops after its head', (response) => response.writeHead(200).flushHeaders()],
    [
      'that comes byte by byte',
      (response) => {
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s is given up', async (_, answer) => {
    const { url } = await serve((_request, response) => answer(response));
    expect(causes(await failure(createSafeFetch(small)(url)))).toMatch(/abort|time/i);
  });

  it('comes whole, with its status', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(418, { 'content-type': 'text/plain' }).end('short'),
    );
    const response = await createSafeFetch(small)(url);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      418,
      'text/plain',
      'short',
    ]);
  });

  it('without a body is an answer too', async () => {
    const { url } = await serve((_, response) => response.writeHead(204).end());
    expect((await createSafeFetch(small)(url)).status).toBe(204);
  });

  it('is given up when the caller does', async () => {
    const { url } = await serve(() => undefined);
    await failure(createSafeFetch({ ...small, timeoutMs: 20_000 })(url, { signal: AbortSignal.timeout(20) }));
  });
});

describe('many at once', () => {
  it('wait for their turn, and are refused when too many wait', async () => {
    const waiting: ServerResponse[] = [];
    let most = 0;
    const { url } = await serve((_, response) => {
      waiting.push(response);
      most = Math.max(most, waiting.length);
      if (waiting.length === 2) setImmediate(() => waiting.splice(0).forEach((one) => one.end('done')));
    });
    const fetch = createSafeFetch({ allowPrivate: true, atOnce: 2 });
    const results = await Promise.allSettled(Array.from({ length: 14 }, () => fetch(url)));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map((result): unknown => result.reason)).toEqual(refused.map(() => expect.any(BusyError)));
    expect([refused.length, most]).toEqual([4, 2]);
  });
});
