import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { type Directory, type DirectoryOptions, createDirectory } from './directory.ts';
import { type FakeNetwork, startFakeNetwork } from './fake-network.ts';
import { readIdentifier } from './identifier.ts';

let network: FakeNetwork;
let clock: ManualClock;
beforeEach(async () => {
  network = await startFakeNetwork();
  clock = new ManualClock();
});
afterEach(() => network.close());

const open = (options: Partial<DirectoryOptions> = {}): Directory =>
  createDirectory({ clock, plcUrl: network.plcUrl, allowPrivate: true, fetch: network.fetch, ...options });

describe('an account', () => {
  it('is found by its handle however typed, and by its DID', async () => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    const alice = {
      did,
      handle: 'alice.test',
      pdsUrl: network.plcUrl,
      signingKey: expect.stringMatching(/^did:key:z/),
    };
    for (const typed of ['alice.test', '@alice.test', ' Alice.TEST ', did]) {
      expect(await open().resolve(typed)).toEqual(alice);
    }
  });

  it('whose domain names another account has no handle, and the handle is refused', async () => {
    const alice = await network.addAccount({ handle: 'alice.test' });
    const mallory = await network.addAccount({ handle: 'mallory.test' });
    network.documents.set(mallory.did, {
      ...(network.documents.get(mallory.did) as object),
      alsoKnownAs: ['at://alice.test'],
    });
    expect(await open().resolve(mallory.did)).toMatchObject({ did: mallory.did, handle: null });
    expect(await open().resolve('mallory.test')).toMatchObject({ problem: 'mismatch' });
    expect(await open().resolve('alice.test')).toMatchObject({ did: alice.did });
  });

  it('that nobody knows is not found', async () => {
    expect(await open().resolve('nobody.test')).toMatchObject({ problem: 'not_found' });
    expect(await open().resolve(`did:plc:${'a'.repeat(24)}`)).toMatchObject({ problem: 'not_found' });
  });

  it.each([
    '',
    '.',
    'alice',
    '@',
    'alice..test',
    'alice.test/x',
    'alice.test:80',
    'alice.test#x',
    '127.0.0.1',
    '[::1]',
    'did:',
    'did:plc:',
    'did:plc:short',
    `did:plc:${'A'.repeat(24)}`,
    'did:key:zQ3sh',
    'did:web:',
    'did:web:a.test:path',
    'did:web:a.test%2Fpath',
    'did:web:a.test%3A80%40b.test',
    'did:web:user@a.test',
    'did:web:a.test?x',
    'did:example:x',
    `did:web:${'a'.repeat(300)}.test`,
    'x'.repeat(5_000),
    'alice.test\nhost: b',
    'älice.test',
  ])('cannot be %.40j, and nobody is asked', async (text) => {
    expect(await open().resolve(text)).toMatchObject({ problem: 'invalid' });
    expect(await open().signingKey(text)).toMatchObject({ problem: 'invalid' });
    expect(await open().refreshKey(text)).toMatchObject({ problem: 'invalid' });
    expect(network.requests).toEqual([]);
  });

  it.each([
    'did:web:localhost',
    'did:web:localhost%3A8080',
    'did:web:127.0.0.1',
    'did:web:10.0.0.1%3A80',
    'did:web:a.dev%3A6379',
    'did:web:2130706433',
    'did:web:[::1]',
    'did:web:host.internal/',
    'a.localhost',
    'a.internal',
    'a.local',
    'a.test',
    'a.onion',
    'a.example',
    'a.in-addr.arpa',
  ])('cannot be %s in production', (text) => {
    expect(readIdentifier(text, false)).toMatchObject({ problem: 'invalid' });
  });
});

describe('a DID document', () => {
  const change = async (more: object) => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    network.documents.set(did, { ...(network.documents.get(did) as object), ...more });
    return open().resolve(did);
  };
  const pds = (serviceEndpoint: unknown) => ({
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint }],
  });

  it.each([
    'ftp://a.test',
    'https://user:secret@a.test',
    'https://a.test/path',
    'https://a.test/?q',
    'https://a.test/#f',
    'nonsense',
    '',
  ])('with the PDS %j has none', async (endpoint) => {
    expect(await change(pds(endpoint))).toMatchObject({ pdsUrl: null });
  });

  it('with a PDS on plain http has none in production', async () => {
    const { did } = await network.addAccount({ handle: 'alice.test' });
    expect(await open({ allowPrivate: false }).resolve(did)).toMatchObject({ did, pdsUrl: null });
  });

  it.each([[[]], [[{ id: '#atproto', type: 'Multikey', controller: 'x', publicKeyMultibase: 'z???' }]], [undefined]])(
    'with the keys %j has none',
    async (verificationMethod) => {
      expect(await change({ verificationMethod })).toMatchObject({ signingKey: null });
    },
  );

  it.each([
    [{ id: 'did:plc:another' }],
    [{ alsoKnownAs: 'no list' }],
    [{ service: 'no list' }],
    [{ verificationMethod: [{}] }],
  ])('%j cannot be used', async (more) => {
    expect(await change(more)).toMatchObject({ problem: 'invalid' });
  });

  it.each(['at://', 'at://handle.invalid..', 'at://10.0.0.1', 'https://alice.test', 'at://alice.test/path'])(
    'that claims the handle %j claims none',
    async (alias) => {
      expect(await change({ alsoKnownAs: [alias] })).toMatchObject({ handle: null });
    },
  );
});
