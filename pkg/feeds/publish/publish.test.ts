import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtpAgent } from '@atproto/api';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Directory, Identity, IdentityProblem } from '#pkg/identity/directory.ts';
import { SafeFetchError } from '#pkg/identity/safe-fetch.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { type Account, findPublisher, signIn } from './account.ts';
import { createFakePds, type FakePds } from './fake-pds.ts';
import { type Change, publishFeed, unpublishFeed } from './publish.ts';
import type { Publishable } from './record.ts';

const serviceDid = 'did:web:feeds.example.com';
const nowMs = () => Date.parse('2026-01-02T03:04:05.000Z');

let folder: string;
let pds: FakePds;
let agent: AtpAgent;
let account: Account;
let feed: Publishable;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-publish-'));
  writeFileSync(join(folder, 'a.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1));
  writeFileSync(join(folder, 'b.jpeg'), Uint8Array.of(0xff, 0xd8, 0xff, 2));
  writeFileSync(join(folder, 'c.png'), 'GIF89a');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  pds = createFakePds();
  account = { did: pds.did, handle: 'alice.example.com', pdsUrl: 'https://pds.example.com', signingKey: null };
  ({ agent } = await signIn(account, pds.password, pds.fetch));
  feed = {
    rkey: 'whats-hot',
    displayName: 'Hot',
    description: 'What is hot',
    avatar: join(folder, 'a.png'),
    contentMode: 'unspecified',
    acceptsInteractions: true,
    labels: [],
  };
  pds.calls.length = 0;
});

const publish = (fields: Partial<Publishable> = {}, approve?: (change: Change) => Promise<boolean>) =>
  publishFeed({
    agent,
    feed: { ...feed, ...fields },
    serviceDid,
    nowMs,
    ...(approve === undefined ? {} : { approve }),
  });

const written = () => pds.records.get('whats-hot')?.value;
const calls = () => pds.calls.map((name) => name.split('.').at(-1));

async function refused(run: Promise<unknown>): Promise<UserError> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('publishing', () => {
  test('a new feed: its picture, then its record', async () => {
    const outcome = await publish();
    expect(outcome).toEqual({
      state: 'created',
      uri: `at://${pds.did}/app.bsky.feed.generator/whats-hot`,
      cid: pds.records.get('whats-hot')?.cid,
    });
    expect(calls()).toEqual(['getRecord', 'uploadBlob', 'putRecord']);
    expect(written()).toMatchObject({
      $type: 'app.bsky.feed.generator',
      did: serviceDid,
      displayName: 'Hot',
      acceptsInteractions: true,
      createdAt: '2026-01-02T03:04:05.000Z',
      avatar: { $type: 'blob', mimeType: 'image/png', size: 9 },
    });
  });

  test('a second time: nothing is asked and nothing written', async () => {
    const first = await publish();
    pds.calls.length = 0;
    const again = await publish({}, async () => {
      throw new Error('asked');
    });
    expect(again).toEqual({ ...first, state: 'same' });
    expect(calls()).toEqual(['getRecord']);
  });

  test('a change keeps createdAt and what others wrote, and uploads no picture that stands there', async () => {
    await publish();
    const stands = pds.records.get('whats-hot');
    pds.records.set('whats-hot', {
      cid: stands?.cid ?? '',
      value: { ...stands?.value, createdAt: '2025-05-05T00:00:00.000Z', 'com.example.note': 'mine' },
    });
    pds.calls.length = 0;
    const changes: Change[] = [];
    const outcome = await publish({ displayName: 'Hotter' }, async (change) => changes.push(change) > 0);
    expect(outcome.state).toBe('updated');
    expect(calls()).toEqual(['getRecord', 'putRecord']);
    expect(changes).toEqual([
      { rkey: 'whats-hot', kind: 'update', lines: ['- displayName: "Hot"', '+ displayName: "Hotter"'] },
    ]);
    expect(written()).toMatchObject({ createdAt: '2025-05-05T00:00:00.000Z', 'com.example.note': 'mine' });
  });

  test('another picture is uploaded; none takes it away', async () => {
    await publish();
    await publish({ avatar: join(folder, 'b.jpeg') });
    expect(written()).toMatchObject({ avatar: { mimeType: 'image/jpeg', size: 4 } });
    await publish({ avatar: undefined });
    expect(written()).not.toHaveProperty('avatar');
    expect(calls().filter((name) => name === 'uploadBlob')).toHaveLength(2);
  });

  test('what was declined is not uploaded and not written', async () => {
    expect(await publish({}, async () => false)).toMatchObject({ state: 'declined' });
    expect(calls()).toEqual(['getRecord']);
  });

  test('a record that another program changed meanwhile is left as it is', async () => {
    await publish();
    const meanwhile = async () => {
      pds.records.set('whats-hot', { cid: 'another', value: { mine: true } });
      return true;
    };
    const error = await refused(publish({ displayName: 'Hotter' }, meanwhile));
    expect(error.message).toContain('changed by another program');
    expect(written()).toEqual({ mine: true });
  });

  test('a picture that is none, and a name that is too long, are told before anything is written', async () => {
    expect((await refused(publish({ avatar: join(folder, 'c.png') }))).message).toContain('neither a PNG nor a JPEG');
    expect((await refused(publish({ avatar: join(folder, 'none.png') }))).message).toContain('cannot be read');
    expect((await refused(publish({ displayName: 'x'.repeat(25) }))).message).toContain('displayName');
    expect(calls()).not.toContain('putRecord');
  });
});

describe('unpublishing', () => {
  test('deletes the record, and only if it is there', async () => {
    await publish();
    expect(await unpublishFeed({ agent, rkey: 'whats-hot', approve: async () => false })).toMatchObject({
      state: 'declined',
    });
    expect(pds.records.size).toBe(1);
    expect(await unpublishFeed({ agent, rkey: 'whats-hot' })).toMatchObject({ state: 'deleted' });
    expect(pds.records.size).toBe(0);
    expect(await unpublishFeed({ agent, rkey: 'whats-hot' })).toMatchObject({ state: 'absent' });
  });
});

describe('signing in', () => {
  const method = 'com.atproto.server.createSession';

  test.each([
    [401, { error: 'AuthenticationRequired', message: 'no' }, 'does not take this password', 'App passwords'],
    [401, { error: 'AuthFactorTokenRequired', message: 'code' }, 'second factor', 'App passwords'],
    [401, { error: 'AccountTakedown', message: 'gone' }, 'not active', 'Sign in'],
    [502, {}, 'no usable answer', 'Check the connection'],
  ])('%i %j', async (status, body, message, hint) => {
    pds.refuse(method, status, body);
    const error = await refused(signIn(account, pds.password, pds.fetch));
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  test('too often: until when to wait', async () => {
    pds.refuse(method, 429, { error: 'RateLimitExceeded', message: 'slow' }, { 'ratelimit-reset': '1800000000' });
    const error = await refused(signIn(account, pds.password, pds.fetch));
    expect(error.message).toContain('asks to wait until 2027-01-15T08:00:00.000Z');
  });

  test('a PDS that is away, an account that is not active, another account', async () => {
    const away = async () => {
      throw new SafeFetchError(new Error('ECONNREFUSED'));
    };
    expect((await refused(signIn(account, pds.password, away))).message).toContain('no usable answer');
    pds.active = false;
    expect((await refused(signIn(account, pds.password, pds.fetch))).message).toContain('not active');
    const another = {
      did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
      handle: 'b.example.com',
      accessJwt: 'a',
      refreshJwt: 'b',
    };
    pds.refuse(method, 200, another);
    expect((await refused(signIn(account, pds.password, pds.fetch))).message).toContain('another account');
  });

  test('no error repeats the password', async () => {
    const error = await refused(signIn(account, 'hunter2-wrong', pds.fetch));
    expect(`${error.message}${error.hint}${JSON.stringify(error.cause)}`).not.toContain('hunter2');
  });

  test('the session is closed', async () => {
    const signedIn = await signIn(account, pds.password, pds.fetch);
    await signedIn[Symbol.asyncDispose]();
    expect(calls().at(-1)).toBe('deleteSession');
  });
});

describe('finding the account', () => {
  const directory = (answer: Identity | IdentityProblem) => ({ resolve: async () => answer }) as unknown as Directory;

  test('nobody, not to be found out, without a PDS', async () => {
    const find = (answer: Identity | IdentityProblem) => refused(findPublisher('alice.example.com', directory(answer)));
    expect((await find({ problem: 'not_found', message: 'nobody answers to it' })).hint).toContain('looks like');
    expect((await find({ problem: 'unavailable', message: 'not now' })).hint).toContain('--plc-url');
    expect((await find({ ...account, pdsUrl: null })).hint).toContain('--allow-private-hosts');
  });
});
