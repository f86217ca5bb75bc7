import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createRules, type OperatorRules } from './rules.ts';
import { emptyRules, openRuleStore } from './rules-for-tests.ts';
import type { Change } from './writer.ts';

const ALICE = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const BOB = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';
const CAROL = 'did:web:carol.example';
const POST = `at://${ALICE}/app.bsky.feed.post/3l3qo2vutsw2b`;
const bounds = { members: 5, bans: 3 };

let store: ThrowawayPostgres;
let postgres: Postgres;
let clock: ManualClock;
let lines: string[];
beforeAll(async () => {
  store = await openRuleStore();
  postgres = store.postgres;
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  await emptyRules(postgres);
  clock = new ManualClock();
  lines = [];
});

const log = createLogger({ level: 'info', write: (line) => void lines.push(line) });
const open = (changes: Partial<Parameters<typeof createRules>[0]> = {}): Promise<OperatorRules> =>
  createRules({ postgres, clock, log, bounds, ...changes });
const changed = (change: Change) => (change.done ? change.changed : change.why);

/** Runs the watching service of these rules until disposed. */
function watching(rules: OperatorRules): AsyncDisposable {
  const stop = new AbortController();
  const runs = Promise.all(rules.services.map((service) => service.run(stop.signal)));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await runs;
    },
  };
}

/** Lets a second pass, and what is read thereupon. */
async function second(rules: OperatorRules): Promise<void> {
  await expect.poll(() => clock.sleeping).toBe(1);
  await clock.advance(1_000);
  // The next pause begins when the reading has ended.
  await expect.poll(() => clock.sleeping).toBe(1);
  expect(rules.services).toHaveLength(1);
}

describe('members', () => {
  test('are added, replaced, removed and listed, in force when the call resolves', async () => {
    const rules = await open();
    expect([...rules.members('art')]).toEqual([]);
    expect(changed(await rules.write.addMembers('art', [ALICE, BOB, ALICE]))).toBe(2);
    expect(changed(await rules.write.addMembers('art', [BOB, CAROL]))).toBe(1);
    expect([...rules.members('art')].toSorted()).toEqual([ALICE, BOB, CAROL]);
    expect([...rules.members('Art')]).toEqual([]);
    const first = await rules.write.listMembers('art', { limit: 2 });
    expect(first.map(({ did }) => did)).toEqual([ALICE, BOB]);
    expect(first[0]?.addedAt.getTime()).toBe(clock.nowMs());
    const next = await rules.write.listMembers('art', { after: first.at(-1)?.did, limit: 2 });
    expect(next.map(({ did }) => did)).toEqual([CAROL]);
    expect(changed(await rules.write.replaceMembers('art', [CAROL]))).toBe(2);
    expect([...rules.members('art')]).toEqual([CAROL]);
    expect(changed(await rules.write.removeMembers('art', [ALICE, CAROL]))).toBe(1);
    expect([...rules.members('art')]).toEqual([]);
    expect(changed(await rules.write.replaceMembers('art', []))).toBe(0);
  });

  test('beyond the bound nothing of a call is kept, and the answer says what to do', async () => {
    const rules = await open();
    await rules.write.addMembers('art', [ALICE, BOB]);
    const many = Array.from({ length: 4 }, (_, index) => `did:plc:${'c'.repeat(23)}${'abcd'[index]}`);
    const refused = await rules.write.addMembers('other', many);
    expect(refused).toMatchObject({ done: false, why: 'full' });
    expect('message' in refused && refused.message).toMatch(/5 members.*Remove/);
    expect(rules.members('other').size).toBe(0);
    await rules.reload();
    expect(rules.members('other').size).toBe(0);
    // Those who are members already need no more room.
    expect(changed(await rules.write.replaceMembers('art', [...many, ALICE]))).toBe(5);
  });

  test.each(['', '.', 'a b', "a'; DROP TABLE feed_members; --", 'ä', 'x'.repeat(513)])('no feed %j', async (rkey) => {
    const rules = await open();
    expect(changed(await rules.write.addMembers(rkey, [ALICE]))).toBe('invalid');
    expect(await rules.write.listMembers(rkey, { limit: 5 })).toEqual([]);
  });

  test.each(['alice.example', "did:plc:a' OR true --", '', 'did:PLC:x', 'did:plc:a\0b'])(
    'no account %j',
    async (did) => {
      const rules = await open();
      expect(changed(await rules.write.addMembers('art', [ALICE, did]))).toBe('invalid');
      expect(changed(await rules.write.recordPublication({ rkey: 'art', publisherDid: did, cid: 'x' }))).toBe(
        'invalid',
      );
      expect(rules.members('art').size).toBe(0);
    },
  );

  test('a table with more than may be held is said at the start', async () => {
    await postgres.query(
      `INSERT INTO feed_members (rkey, did) SELECT 'art', 'did:plc:' || n FROM generate_series(1, 6) AS n`,
    );
    const error: unknown = await open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).hint).toContain('feed_members');
  });
});

describe('bans', () => {
  test('of accounts and posts; another reason is no other ban', async () => {
    const rules = await open();
    expect(changed(await rules.write.ban(ALICE, 'spam'))).toBe(1);
    expect(changed(await rules.write.ban(ALICE, 'more spam'))).toBe(0);
    expect(changed(await rules.write.ban(POST, ''))).toBe(1);
    expect([rules.isBanned(ALICE), rules.isBanned(POST), rules.isBanned(BOB)]).toEqual([true, true, false]);
    const page = await rules.write.listBans({ limit: 1 });
    expect(page.map(({ subject }) => subject)).toEqual([POST]);
    const rest = await rules.write.listBans({ after: POST, limit: 10 });
    expect(rest).toEqual([{ subject: ALICE, reason: 'more spam', bannedAt: new Date(clock.nowMs()) }]);
    expect(changed(await rules.write.unban(ALICE))).toBe(1);
    expect(changed(await rules.write.unban(ALICE))).toBe(0);
    expect(rules.isBanned(ALICE)).toBe(false);
  });

  test('beyond the bound', async () => {
    const rules = await open();
    for (const did of [ALICE, BOB, CAROL]) await rules.write.ban(did, '');
    expect(changed(await rules.write.ban(POST, ''))).toBe('full');
    expect(rules.isBanned(POST)).toBe(false);
    expect(changed(await rules.write.ban(CAROL, 'again'))).toBe(0);
  });

  test.each([
    ['alice.example', ''],
    [`at://${ALICE}/app.bsky.feed.like/3l3qo2vutsw2b`, ''],
    [`at://${ALICE}`, ''],
    ["did:plc:x'; DELETE FROM feed_bans; --", ''],
    [ALICE, 'x'.repeat(1_001)],
    [ALICE, 'a\0b'],
  ])('%j for %j is none', async (subject, reason) => {
    const rules = await open();
    expect(changed(await rules.write.ban(subject, reason))).toBe('invalid');
  });
});

describe('publications', () => {
  test('are recorded, found by feed and forgotten', async () => {
    const rules = await open();
    await rules.write.recordPublication({ rkey: 'hot', publisherDid: ALICE, cid: 'one' });
    await rules.write.recordPublication({ rkey: 'hot', publisherDid: BOB, cid: 'two' });
    await rules.write.recordPublication({ rkey: 'hot', publisherDid: BOB, cid: 'three' });
    expect([...rules.publishers('hot')]).toEqual([ALICE, BOB]);
    expect(rules.write.publications().map(({ cid }) => cid)).toEqual(['one', 'three']);
    expect(changed(await rules.write.forgetPublication('hot', ALICE))).toBe(1);
    expect(changed(await rules.write.forgetPublication('hot', ALICE))).toBe(0);
    expect([...rules.publishers('hot')]).toEqual([BOB]);
    expect([...rules.publishers('cold')]).toEqual([]);
  });
});

describe('other processes', () => {
  test('notice a change within a second, by one small query a second where there is none', async () => {
    const asked: string[] = [];
    const listening: Postgres = {
      ...postgres,
      query: async (text, params) => (asked.push(text), postgres.query(text, params)),
    };
    const here = await open();
    const there = await open({ postgres: listening });
    await using _ = watching(there);
    await second(there);
    asked.length = 0;
    await second(there);
    expect(asked).toHaveLength(1);
    const before = there.epoch();
    await here.write.ban(ALICE, '');
    expect([here.isBanned(ALICE), there.isBanned(ALICE)]).toEqual([true, false]);
    await second(there);
    expect(there.isBanned(ALICE)).toBe(true);
    expect(there.epoch()).toBeGreaterThan(before);
    expect(asked.filter((text) => text.includes('feed_members'))).toEqual([]);
  });

  test('while Postgres is away what is in memory stays in force, and that is said once', async () => {
    let isAway = false;
    const failing: Postgres = {
      ...postgres,
      query: (text, params) => (isAway ? Promise.reject(new Error('away')) : postgres.query(text, params)),
    };
    const rules = await open({ postgres: failing });
    await rules.write.addMembers('art', [ALICE]);
    await using _ = watching(rules);
    isAway = true;
    for (let seconds = 0; seconds < 3; seconds += 1) await second(rules);
    expect(rules.members('art').has(ALICE)).toBe(true);
    expect(lines.filter((line) => line.includes('stay in force'))).toHaveLength(1);
    await expect(rules.reload()).rejects.toThrow('away');
    isAway = false;
    await postgres.query(`DELETE FROM feed_members`);
    await rules.reload();
    expect(rules.members('art').size).toBe(0);
  });
});
