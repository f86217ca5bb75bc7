import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import { createTestCore, openTestStores, someDid, type TestCore, type TestStores } from '../core-for-tests.ts';

/** Who brought whom. */

let stores: TestStores;
let core: TestCore;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores[Symbol.asyncDispose]());
beforeEach(async () => {
  await stores.redis.redis.flushall();
  await stores.postgres.script('TRUNCATE users, outbox CASCADE');
  core = createTestCore(stores, {
    fetch: async (url, init) => {
      if (String(url).endsWith('deleteSession')) return new Response(null, { status: 200 });
      const { identifier } = JSON.parse(init?.body as string) as { identifier: string };
      return Response.json({ did: identifier, refreshJwt: 'x.y.z' });
    },
  });
});

const isKnown = (handle: string, did = someDid()): string => {
  const identity = { did, handle, pdsUrl: 'https://pds.test', signingKey: 'did:key:none' };
  core.directory.accounts.set(did, identity);
  core.directory.accounts.set(handle, identity);
  return did;
};
const signIn = async (identifier: string, referrer?: unknown) => {
  const { status, body } = await core.ask('/api/v1/auth/login', {
    body: { identifier, password: 'p', ...(referrer === undefined ? {} : { referrer }) },
  });
  return [status, body.error as string | undefined];
};
const signedIn = [200, undefined];

/** What is written down, and what was told: oldest event first. */
const brought = async (did: string) => {
  const users = await stores.postgres.query<{ referred_by: string | null }>(
    'SELECT referred_by FROM users WHERE did = $1',
    [did],
  );
  const { rows } = await stores.postgres.query<{ bytes: Uint8Array }>(
    `SELECT bytes FROM outbox WHERE subject = 'events.user.registered' ORDER BY created_at`,
  );
  const told = rows.map(({ bytes }) => decodeEvent(EVENTS.userRegistered, bytes).message);
  return [
    users.rows[0]?.referred_by,
    ...told.filter(({ userId }) => userId === did).map(({ referrerId }) => referrerId),
  ];
};

describe('who brought somebody', () => {
  test.each([
    ['by DID', (did: string) => did],
    ['by handle', () => 'bob.test'],
    ['by handle as people type it', () => ' @Bob.TEST '],
  ])('is kept and told at the first sign-in: %s', async (_, name) => {
    const bob = isKnown('bob.test');
    await signIn(bob);
    const ann = isKnown('ann.test');
    expect(await signIn(ann, name(bob))).toEqual(signedIn);
    expect(await brought(ann)).toEqual([bob, bob]);
    expect(await brought(bob)).toEqual([null, '']);
  });

  test('never changes later, neither at the next sign-in nor on coming back', async () => {
    const [bob, eve] = [isKnown('bob.test'), isKnown('eve.test')];
    for (const one of [bob, eve]) await signIn(one);
    const [ann, cleo] = [isKnown('ann.test'), isKnown('cleo.test')];
    await signIn(ann, bob);
    await signIn(cleo);
    for (const one of [ann, cleo]) {
      await signIn(one, eve);
      await stores.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [one]);
      expect(await signIn(one, eve)).toEqual(signedIn);
    }
    expect(await brought(ann)).toEqual([bob, bob, '']);
    expect(await brought(cleo)).toEqual([null, '', '']);
  });

  test('counts once where two sign-ins are the first at the same time', async () => {
    const bob = isKnown('bob.test');
    await signIn(bob);
    const ann = isKnown('ann.test');
    expect(await Promise.all([signIn(ann, bob), signIn(ann, bob), signIn(ann, bob)])).toEqual(
      Array.from({ length: 3 }, () => signedIn),
    );
    expect(await brought(ann)).toEqual([bob, bob]);
  });

  test.each([
    ['nobody', 'nobody.test'],
    ['a DID that never signed in', someDid()],
    ['one who left', 'gone.test'],
    ['oneself by handle', 'ann.test'],
    ['neither a handle nor a DID', 'a link?ref=\0"; --'],
    ['a handle that two users have had', 'twice.test'],
    ['spaces', '  '],
  ])('is passed over, and the sign-in is as any other: %s', async (_, referrer) => {
    const gone = isKnown('gone.test');
    await signIn(gone);
    await stores.postgres.query('UPDATE users SET deleted_at = now() WHERE did = $1', [gone]);
    for (const one of [isKnown('twice.test'), isKnown('twice.test')]) await signIn(one);
    const ann = isKnown('ann.test');
    expect(await signIn(ann, referrer)).toEqual(signedIn);
    expect(await brought(ann)).toEqual([null, '']);
  });

  test('is not oneself', async () => {
    const ann = isKnown('ann.test');
    expect(await signIn(ann, ann)).toEqual(signedIn);
    expect(await brought(ann)).toEqual([null, '']);
  });

  test.each([
    ['empty', ''],
    ['a number', 7],
    ['null', null],
    ['longer than any DID', 'x'.repeat(2_049)],
    ['a list', ['bob.test']],
  ])('is refused where it is no name: %s', async (_, referrer) => {
    expect(await signIn(isKnown('ann.test'), referrer)).toEqual([400, 'InvalidRequest']);
  });
});
