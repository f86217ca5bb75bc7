import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import { BusyError } from '#pkg/identity/limiter.ts';
import { type SafeFetch, createSafeFetch } from '#pkg/identity/safe-fetch.ts';
import { signInWithAppPassword } from './app-password.ts';

let network: FakeNetwork;
let alice: FakeAccount;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  network = await startFakeNetwork();
  alice = await network.addAccount({ handle: 'alice.test', password: 'abcd-efgh-ijkl-mnop' });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await network.close();
});

const directoryOf = (more: { allowPrivate?: boolean } = {}) =>
  createDirectory({
    clock: new ManualClock(),
    plcUrl: network.plcUrl,
    allowPrivate: true,
    fetch: network.fetch,
    ...more,
  });
const signIn = (more: Partial<Parameters<typeof signInWithAppPassword>[0]> = {}) =>
  signInWithAppPassword({
    identifier: 'alice.test',
    password: alice.password,
    directory: directoryOf(),
    fetch: createSafeFetch({ allowPrivate: true, timeoutMs: 2_000 }),
    ...more,
  });
const pdsRequests = () => network.requests.filter((request) => request.includes('/xrpc/'));

function movePds(endpoint: string): void {
  const document = network.documents.get(alice.did) as object;
  const service = [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }];
  network.documents.set(alice.did, { ...document, service });
}

describe('handle and app password', () => {
  it("sign in with what the account's own PDS accepts, and leave no session there", async () => {
    for (const identifier of ['alice.test', '@Alice.test', alice.did]) {
      expect(await signIn({ identifier })).toEqual({ ok: true, did: alice.did, handle: 'alice.test' });
    }
    expect(network.openSessions).toBe(0);
    expect(pdsRequests().slice(0, 2)).toEqual([
      'POST /xrpc/com.atproto.server.createSession',
      'POST /xrpc/com.atproto.server.deleteSession',
    ]);
  });

  it('sign in also when the session cannot be closed again', async () => {
    network.pdsReply = (path) =>
      path.endsWith('createSession')
        ? { status: 200, body: JSON.stringify({ did: alice.did, refreshJwt: 'abc' }) }
        : { status: 500, body: '' };
    expect((await signIn()).ok).toBe(true);
  });

  it('wrong are 401, in the same words whatever the PDS says', async () => {
    const bob = await network.addAccount({ handle: 'bob.test', password: 'other' });
    const wrong = {
      ok: false,
      problem: { status: 401, error: 'AuthenticationRequired', message: 'the handle or the password is wrong' },
    };
    expect(await signIn({ password: 'wrong' })).toEqual(wrong);
    expect(await signIn({ identifier: bob.handle })).toEqual(wrong);
  });

  it.each([
    ['', 400, 'InvalidRequest'],
    ['nonsense', 400, 'InvalidRequest'],
    ['nobody.test', 404, 'AccountNotFound'],
    [`did:plc:${'q'.repeat(24)}`, 404, 'AccountNotFound'],
  ])('of the account %j are %i %s, and the password goes nowhere', async (identifier, status, error) => {
    expect(await signIn({ identifier })).toMatchObject({ ok: false, problem: { status, error } });
    expect(pdsRequests()).toEqual([]);
  });

  it.each(['', 'x'.repeat(513), 'x'.repeat(1e6)])(
    'with the password %.10j are 400, and nobody is asked',
    async (password) => {
      expect(await signIn({ password })).toMatchObject({ problem: { status: 400, error: 'InvalidRequest' } });
      expect(network.requests).toEqual([]);
    },
  );
});

describe('a PDS', () => {
  it('that signs in another account than the one resolved proves nothing', async () => {
    const bob = await network.addAccount({ handle: 'bob.test' });
    const closed: string[] = [];
    network.pdsReply = (path) => {
      closed.push(path);
      return { status: 200, body: JSON.stringify({ did: bob.did, refreshJwt: 'abc', active: true }) };
    };
    expect(await signIn()).toMatchObject({ problem: { status: 401, error: 'AuthenticationRequired' } });
    expect(closed).toContain('/xrpc/com.atproto.server.deleteSession');
  });

  const secret = 'secret-detail-of-the-pds';
  const json = (body: object) => JSON.stringify(body);
  it.each<[string, number, () => string, string]>([
    [
      'asks for a second factor',
      401,
      () => json({ error: 'AuthFactorTokenRequired', message: secret }),
      '401 AppPasswordRequired',
    ],
    [
      'has taken the account down',
      401,
      () => json({ error: 'AccountTakedown', message: secret }),
      '403 AccountInactive',
    ],
    [
      'has a deactivated account',
      200,
      () => json({ did: alice.did, refreshJwt: 'a', active: false }),
      '403 AccountInactive',
    ],
    ['asks to wait', 429, () => json({ error: 'RateLimitExceeded', message: secret }), '429 RateLimitExceeded'],
    [
      'refuses the request',
      400,
      () => json({ error: 'InvalidRequest', message: secret }),
      '401 AuthenticationRequired',
    ],
    [
      'uses a name of our language',
      401,
      () => json({ error: 'constructor', message: secret }),
      '401 AuthenticationRequired',
    ],
    ['fails', 500, () => json({ error: 'AccountTakedown', message: secret }), '502 PdsUnavailable'],
    ['has no such method', 404, () => secret, '502 PdsUnavailable'],
    ['answers with a page', 200, () => `<html>${secret}`, '502 PdsUnavailable'],
    ['answers null', 200, () => 'null', '502 PdsUnavailable'],
    ['answers a list', 200, () => '[]', '502 PdsUnavailable'],
    ['leaves out the DID', 200, () => json({ refreshJwt: secret }), '502 PdsUnavailable'],
    ['has a number for a DID', 200, () => json({ did: 7, refreshJwt: secret }), '502 PdsUnavailable'],
    [
      'sends far too much',
      200,
      () => json({ did: alice.did, refreshJwt: 'a', pad: secret.repeat(50_000) }),
      '502 PdsUnavailable',
    ],
    ['sends deeply nested JSON', 200, () => '['.repeat(100_000), '502 PdsUnavailable'],
    ['sends a token with a line break', 200, () => json({ did: alice.did, refreshJwt: 'a\r\nx-evil: 1' }), '200'],
  ])('that %s (%i)', async (_, pdsStatus, body, expected) => {
    network.pdsReply = () => ({ status: pdsStatus, body: body() });
    const outcome = await signIn();
    expect(outcome.ok ? '200' : `${outcome.problem.status} ${outcome.problem.error}`).toBe(expected);
    expect(JSON.stringify(outcome)).not.toContain(secret);
    expect(JSON.stringify(outcome)).not.toContain(alice.password);
  });

  it('that redirects does not get to send the password elsewhere', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.writeHead(307, { location: `${network.plcUrl}/xrpc/com.atproto.server.createSession` }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((done) => server.close(done)));
    movePds(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await signIn()).toMatchObject({ problem: { status: 502, error: 'PdsUnavailable' } });
    expect([seen.length, pdsRequests()]).toEqual([1, []]);
  });

  it.each([
    'https://127.0.0.1',
    'https://10.0.0.1',
    'https://169.254.169.254',
    'https://[::1]',
    'https://[fd00::1]',
    'https://localhost',
    'https://2130706433',
    'https://pds.skyflow-test.dev:6379',
    'https://printer.local',
  ])('at %s is not asked', async (endpoint) => {
    movePds(endpoint);
    const outcome = await signIn({ fetch: createSafeFetch({ timeoutMs: 2_000 }) });
    expect(outcome).toEqual({
      ok: false,
      problem: { status: 502, error: 'PdsUnavailable', message: expect.any(String) },
    });
    expect(JSON.stringify(outcome)).not.toMatch(/127|10\.0|169|localhost|private|unicast|blocked/i);
  });

  it.each(['http://pds.test', 'ftp://pds.test', 'https://user:pass@pds.test', 'https://pds.test/path'])(
    'at %s is none',
    async (endpoint) => {
      movePds(endpoint);
      expect(await signIn({ directory: directoryOf({ allowPrivate: false }), identifier: alice.did })).toMatchObject({
        problem: { status: 400, error: 'NoPds' },
      });
    },
  );

  it('that is slow is given up', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    });
    movePds(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const outcome = await signIn({ fetch: createSafeFetch({ allowPrivate: true, timeoutMs: 50 }) });
    expect(outcome).toMatchObject({ problem: { status: 502 } });
  });
});

describe('our own side', () => {
  it('when too many are signing in says so', async () => {
    const fetch: SafeFetch = () => Promise.reject(new BusyError('full'));
    expect(await signIn({ fetch })).toMatchObject({ problem: { status: 503, error: 'Busy' } });
  });

  it('does not hide a bug as a problem of the PDS', async () => {
    await expect(signIn({ fetch: () => Promise.reject(new TypeError('bug')) })).rejects.toThrow('bug');
  });

  it('writes no password to stdout, stderr or an error', async () => {
    const written: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        written.push(String(text));
        return true;
      }),
    );
    network.pdsReply = () => ({ status: 500, body: alice.password });
    const outcomes = [await signIn(), await signIn({ identifier: 'nobody.test' })];
    for (const spy of spies) spy.mockRestore();
    expect(JSON.stringify([written, outcomes])).not.toContain(alice.password);
  });
});
