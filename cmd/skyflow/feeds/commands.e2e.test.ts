import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFakePds, type FakePds } from '#pkg/feeds/publish/fake-pds.ts';
import { runSkyflow } from '../e2e-process.ts';

/** The commands of `skyflow feeds` on stores that nobody else has open, and a PDS and a directory of identities beside them. */
let folder: string;
let pds: FakePds;
let server: Server;
let url: string;
let passwordFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-feeds-'));
  pds = createFakePds();
  server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = 'GET', headers } = request;
      const path = decodeURIComponent(request.url ?? '');
      const isIdentity = !path.startsWith('/xrpc/');
      const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {};
      const type = headers['content-type'] ?? '';
      const answer = isIdentity
        ? Response.json(identity(path.slice(1)), { status: path.endsWith(pds.did) ? 200 : 404 })
        : await pds.fetch(`${url}${request.url ?? ''}`, { method, headers: { 'content-type': type }, ...body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${pds.password}\n`, { mode: 0o600 });
  mkdirSync(join(folder, 'none'));
  const { code, stderr } = await runSkyflow(['migrate', 'up', '--data-dir', join(folder, 'data')]);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const identity = (did: string): object => ({
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: did,
  alsoKnownAs: [],
  verificationMethod: [],
  service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: url }],
});

const feeds = (...args: string[]) => runSkyflow(['feeds', ...args, '--data-dir', join(folder, 'data')]);

const publishing = () => [
  '--account',
  pds.did,
  '--password-file',
  passwordFile,
  '--plc-url',
  url,
  '--allow-private-hosts',
];
const names = ['--public-url', 'https://feeds.example.com'];

test('list shows what there is, and that nobody serves it', async () => {
  const { code, stdout } = await feeds('list');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^whats-hot +What's Hot +shared +\? +-$/m);
  expect(stdout).toContain('Skyflow does not run here');
});

test('check explains, with status 1; without any data it says that nothing was tried', async () => {
  const mine = join(folder, 'mine');
  mkdirSync(join(mine, 'broken'), { recursive: true });
  writeFileSync(join(mine, 'broken', 'feed.json'), '{"displayName": 5}');
  const wrong = await feeds('check', mine);
  expect(wrong.stdout).toContain(join(mine, 'broken'));
  expect(wrong.stdout).toContain('displayName');
  expect(wrong.code).toBe(1);
  const alone = await runSkyflow([
    'feeds',
    'check',
    '--data-dir',
    join(folder, 'none'),
    '--feeds-dir',
    join(folder, 'none'),
  ]);
  expect(alone.stdout).toContain('All in order');
  expect(alone.stdout).toContain('not tried');
  expect(alone.code).toBe(0);
});

test('an unknown feed is answered with the one that was probably meant', async () => {
  const { code, stderr } = await feeds('preview', 'whats-hott');
  expect(code).toBe(1);
  expect(stderr).toBe('Error: There is no feed whats-hott.\nDid you mean whats-hot?\n');
});

test('a feed for each viewer, asked for nobody, shows its public form and says so', async () => {
  const { stdout, code } = await feeds('preview', 'flow');
  expect(code).toBe(0);
  expect(stdout).toContain('This feed is made for its viewer.');
});

describe('publishing', () => {
  test('a dry run shows the difference and writes nothing', async () => {
    const { stdout, code } = await feeds('publish', 'whats-hot', ...publishing(), ...names, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('whats-hot  new\n  + did: "did:web:feeds.example.com"');
    expect(pds.records.size).toBe(0);
  });

  test('writes, records the publication, and does nothing the second time', async () => {
    const first = await feeds('publish', 'whats-hot', ...publishing(), ...names, '--yes');
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain(`whats-hot  published  at://${pds.did}/app.bsky.feed.generator/whats-hot`);
    expect(pds.records.get('whats-hot')?.value).toMatchObject({ did: 'did:web:feeds.example.com' });
    expect((await feeds('list')).stdout).toMatch(new RegExp(`^whats-hot .* ${pds.did}$`, 'm'));
    const again = await feeds('publish', 'whats-hot', ...publishing(), ...names, '--yes');
    expect(again.stdout).toContain('nothing written');
  });

  test('under the name of this machine only it warns', async () => {
    const { stderr } = await feeds('publish', 'whats-hot', ...publishing(), '--dry-run');
    expect(stderr).toContain('Warning: Feeds of did:web:localhost%3A8000 reach no client of Bluesky');
  });

  test('without a terminal nothing is written unless --yes was given', async () => {
    const { code, stderr } = await feeds('publish', 'top-1h', ...publishing(), ...names);
    expect(code).toBe(1);
    expect(stderr).toContain('Add --yes');
    expect(pds.records.has('top-1h')).toBe(false);
  });

  test('a password file that others can read is refused', async () => {
    const open = join(folder, 'open');
    writeFileSync(open, pds.password, { mode: 0o644 });
    const { stderr } = await feeds('publish', 'whats-hot', ...publishing(), '--password-file', open);
    expect(stderr).toContain('others on this machine can read it');
    expect(stderr).not.toContain(pds.password);
  });

  test('taken back: the record and the publication go', async () => {
    const { stdout } = await feeds('unpublish', 'whats-hot', ...publishing(), '--yes');
    expect(stdout).toContain('whats-hot  deleted');
    expect(pds.records.size).toBe(0);
    expect((await feeds('list')).stdout).toMatch(/^whats-hot .* -$/m);
  });
});

test('bans, members and keys are kept', async () => {
  const did = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';
  const link = `https://bsky.app/profile/${did}/post/3l6oveex3ii2l`;
  expect((await feeds('ban', link, '--reason', 'spam')).stdout).toContain(
    `at://${did}/app.bsky.feed.post/3l6oveex3ii2l`,
  );
  expect((await feeds('bans')).stdout).toMatch(/3l6oveex3ii2l +spam$/m);
  expect((await feeds('unban', link)).stdout).toContain('No longer banned');
  expect((await feeds('bans')).stdout).toContain('Nobody');
  expect((await feeds('members', 'whats-hot', '--add', did)).stdout).toContain('1 added.\nwhats-hot has 1 member.');
  const wrong = await feeds('keys', 'create', 'bot', '--scopes', 'bans:wriet');
  expect(wrong.stderr).toContain('Did you mean bans:write?');
  const made = JSON.parse((await feeds('keys', 'create', 'bot', '--scopes', 'bans:write', '--json')).stdout) as {
    secret: string;
    key: { id: string };
  };
  expect(made.secret).toMatch(/^sk_/);
  const list = (await feeds('keys', 'list')).stdout;
  expect(list).toMatch(/^bot +sk_.* +good +bans:write/m);
  expect(list).not.toContain(made.secret);
  expect((await feeds('keys', 'revoke', 'bot')).stdout).toContain('refused from now on');
  expect((await feeds('keys', 'list')).stdout).toContain('revoked');
});
