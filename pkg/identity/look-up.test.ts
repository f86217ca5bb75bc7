import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { type Directory, type DirectoryOptions, createDirectory, isIdentityProblem } from './directory.ts';
import { createExpiringMap } from './expiring-map.ts';
import { type FakeNetwork, startFakeNetwork } from './fake-network.ts';
import type { SafeFetch } from './safe-fetch.ts';

let network: FakeNetwork;
let clock: ManualClock;
beforeEach(async () => {
  network = await startFakeNetwork();
  clock = new ManualClock();
});
afterEach(() => network.close());

const open = (options: Partial<DirectoryOptions> = {}): Directory =>
  createDirectory({ clock, plcUrl: network.plcUrl, allowPrivate: true, fetch: network.fetch, ...options });

/** Never answered until let go. */
function held(inner: SafeFetch) {
  const gate = Promise.withResolvers<void>();
  let calls = 0;
  const fetch: SafeFetch = async (url, init) => {
    calls += 1;
    await gate.promise;
    return inner(url, init);
  };
  return { fetch, release: () => gate.resolve(), calls: () => calls };
}

describe('what was looked up', () => {
  const asked = (did: string) => network.requests.filter((request) => request.endsWith(did)).length;

  it('is not looked up again for ten minutes', async () => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    const directory = open();
    await directory.resolve('alice.test');
    await clock.advance(599_999);
    await directory.resolve(did);
    await directory.signingKey(did);
    expect(network.requests.length).toBe(2);
    await clock.advance(1);
    await directory.resolve(did);
    expect(network.requests.length).toBe(4);
  });

  it('and not found is looked up again after a minute', async () => {
    const directory = open();
    await directory.resolve('alice.test');
    const { did } = await network.addAccount({ handle: 'alice.test' });
    await clock.advance(59_999);
    expect(await directory.resolve('alice.test')).toMatchObject({ problem: 'not_found' });
    await clock.advance(1);
    expect(await directory.resolve('alice.test')).toMatchObject({ did });
  });

  it('is looked up once for all who ask at the same time', async () => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    const gate = held(network.fetch);
    const directory = open({ fetch: gate.fetch });
    const answers = Array.from({ length: 30 }, () => directory.signingKey(did));
    gate.release();
    expect(new Set(await Promise.all(answers)).size).toBe(1);
    expect(gate.calls()).toBe(1);
  });

  it('is kept within bounds', async () => {
    const directory = open({ maxEntries: 2 });
    const dids = [];
    for (const name of ['a', 'b', 'c']) dids.push((await network.addAccount({ handle: `${name}.test` })).did);
    for (const did of dids) await directory.signingKey(did);
    await directory.signingKey(dids[2] ?? '');
    expect(dids.map(asked)).toEqual([1, 1, 1]);
    await directory.signingKey(dids[0] ?? '');
    expect(dids.map(asked)).toEqual([2, 1, 1]);
  });

  it('is never more than 64 at once, and too many are turned away', async () => {
    const gate = held(async () => new Response('{}', { status: 404 }));
    const directory = open({ fetch: gate.fetch });
    const dids = Array.from({ length: 700 }, (_, n) => `did:web:host-${n}.test`);
    const answers = Promise.all(dids.map((did) => directory.signingKey(did)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(gate.calls()).toBe(64);
    gate.release();
    const found = Map.groupBy(await answers, (answer) => (isIdentityProblem(answer) ? answer.problem : 'found'));
    expect([found.get('not_found')?.length, found.get('unavailable')?.length]).toEqual([64 + 512, 124]);
  });

  it('has an end even if nobody ever answers', async () => {
    const directory = open({ fetch: () => new Promise(() => undefined), timeoutMs: 20 });
    expect(await directory.resolve('did:web:silent.test')).toMatchObject({ problem: 'unavailable' });
    expect(await directory.resolve('silent.test')).toMatchObject({ problem: 'unavailable' });
  });

  it('and failed is not "not found", says nothing of the failure, and is tried again soon', async () => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    let broken = true;
    const fetch: SafeFetch = (url, init) =>
      broken ? Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:443')) : network.fetch(url, init);
    const directory = open({ fetch });
    const problem = await directory.resolve(did);
    expect(problem).toEqual({ problem: 'unavailable', message: expect.not.stringMatching(/10\.0|ECONN|443/) });
    broken = false;
    expect(await directory.resolve(did)).toEqual(problem);
    await clock.advance(5_001);
    expect(await directory.resolve(did)).toMatchObject({ did });
  });

  it('by did:web asks the host itself, which redirects nowhere', async () => {
    const urls: string[] = [];
    const fetch: SafeFetch = async (url, init) => {
      urls.push(`${String(url)} ${init?.redirect}`);
      return Response.json({ id: 'did:web:alice.test' });
    };
    expect(await open({ fetch }).resolve('did:web:alice.test')).toMatchObject({ did: 'did:web:alice.test' });
    expect(urls).toEqual(['https://alice.test/.well-known/did.json error']);
  });

  it('in production comes past the guard: nothing private is asked, though PLC itself may be private', async () => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    const directory = createDirectory({ clock, plcUrl: network.plcUrl, timeoutMs: 500 });
    expect(await directory.signingKey(did)).toMatch(/^did:key:/);
    const before = network.requests.length;
    const port = new URL(network.plcUrl).port;
    for (const host of ['127.0.0.1', `127.0.0.1%3A${port}`, `localhost%3A${port}`, 'localhost']) {
      expect(await directory.resolve(`did:web:${host}`)).toMatchObject({ problem: 'invalid' });
    }
    expect(network.requests.length).toBe(before);
  });
});

describe('a key that changed', () => {
  it('is found past the cache, which then has it too; but not asked for more than once in 30 s', async () => {
    const alice = await network.addAccount({ handle: 'alice.test' });
    const directory = open();
    const old = await directory.signingKey(alice.did);
    await alice.rotateKey();
    expect(await directory.signingKey(alice.did)).toBe(old);
    const fresh = await directory.refreshKey(alice.did);
    expect(fresh).not.toBe(old);
    expect(await directory.signingKey(alice.did)).toBe(fresh);
    const asked = network.requests.length;
    await alice.rotateKey();
    for (let n = 0; n < 20; n += 1) expect(await directory.refreshKey(alice.did)).toBe(fresh);
    expect(network.requests.length).toBe(asked);
    await clock.advance(30_001);
    expect(await directory.refreshKey(alice.did)).not.toBe(fresh);
  });

  it('does not cost us the old one while PLC is away; the end of the account does', async () => {
    const alice = await network.addAccount({ handle: 'alice.test' });
    let broken = false;
    const fetch: SafeFetch = (url, init) => (broken ? Promise.reject(new Error('gone')) : network.fetch(url, init));
    const directory = open({ fetch });
    const key = await directory.signingKey(alice.did);
    broken = true;
    expect(await directory.refreshKey(alice.did)).toMatchObject({ problem: 'unavailable' });
    expect(await directory.signingKey(alice.did)).toBe(key);
    broken = false;
    network.documents.delete(alice.did);
    await clock.advance(30_001);
    expect(await directory.refreshKey(alice.did)).toMatchObject({ problem: 'not_found' });
    expect(await directory.signingKey(alice.did)).toMatchObject({ problem: 'not_found' });
  });
});

describe('the cache', () => {
  it('throws out what was not read for the longest time', () => {
    const map = createExpiringMap<number>(2, clock);
    map.set('a', 1, 1_000);
    map.set('b', 2, 1_000);
    expect(map.get('a')).toBe(1);
    map.set('c', 3, 1_000);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  });

  it('forgets what is too old', async () => {
    const map = createExpiringMap<number>(2, clock);
    map.set('a', 1, 1_000);
    await clock.advance(1_000);
    expect([map.get('a'), map.size]).toEqual([undefined, 0]);
  });
});
