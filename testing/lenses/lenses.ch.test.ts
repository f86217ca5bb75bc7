import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLenses, type Lenses } from '#pkg/analysis/lenses.ts';
import type { LensQuestion } from '#pkg/contracts/lens.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { emptyTables, runFrames } from '#testing/crash/run-frames.ts';
import { createWorld } from '#testing/simulator/world.ts';
import { select } from '#testing/answers/select.ts';
import type { Oracle } from '#testing/oracle/oracle.ts';
import { LensReference } from './answer.ts';
import { type Agreement, bare, compareLenses, questionsAbout } from './compare.ts';
import { exampleDid, exampleNames, exampleNowMs, exampleSinceMs, tellExample } from './example.ts';
import { dayMs } from './numbers.ts';
import { Story } from './story.ts';
import { told, toldAnything } from './told.ts';
import { smallWorlds, tellWorld, type ToldWorld } from './worlds.ts';

const log = createLogger({ level: 'error' });
const hourMs = 3_600_000;
const size = { chunkFrames: 500 };
let throwaway: ThrowawayClickHouse;

beforeAll(async () => {
  throwaway = await openThrowaway({ url: process.env['CLICKHOUSE_URL'], log });
});
afterEach(() => emptyTables(throwaway.store));
afterAll(() => throwaway[Symbol.asyncDispose]());

/** The lenses at one moment, their references fresh. */
const lensesAt = async (nowMs: number): Promise<Lenses> => {
  const clock: Clock = { nowMs: () => nowMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
  const lenses = createLenses({ store: throwaway.store, clock, log });
  await lenses.refreshReferences();
  return lenses;
};

const index = (frames: readonly string[]) => runFrames(throwaway.store, frames, size);

const referenceAt = (oracle: Oracle, nowMs: number, dataSinceMs: number): LensReference =>
  new LensReference(oracle, { nowMs, dataSinceMs, actorIdOf: () => 0n });

const firstMs = (frames: readonly string[]): number =>
  Math.floor((JSON.parse(frames[0] as string) as { time_us: number }).time_us / 1000);

/** Chooses the same elements every time: a plain congruential generator. */
const chooser = (seed: number) => {
  let state = seed;
  return <Item>(items: readonly Item[], count: number): Item[] =>
    Array.from({ length: Math.min(count, items.length) }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return items[Math.floor((state / 2 ** 31) * items.length)] as Item;
    });
};

test("the document's example, asked in every way", { timeout: 120_000 }, async () => {
  const { frames } = tellExample();
  await index(frames);
  const lenses = await lensesAt(exampleNowMs);
  const reference = referenceAt(told(frames), exampleNowMs, exampleSinceMs);
  const questions = [...exampleNames, 'nobody'].flatMap((name) => questionsAbout(exampleDid(name)));
  expect((await compareLenses(lenses, reference, questions)).differences).toEqual([]);
  const pulse = await lenses.answer({
    did: exampleDid('ann'),
    lens: 'pulse',
    window: '24h',
    audience: 'following',
  });
  expect(pulse.share).toBe('Flow 6.3 · Clout 6.0 · Kudos 7.5 · Pulse +500%');
});

test('the age of accounts whose profile says it in every way', { timeout: 120_000 }, async () => {
  const nowMs = Date.UTC(2026, 2, 10, 12);
  const ago = (days: number): number => nowMs - days * dayMs;
  const day = (days: number): string => new Date(ago(days)).toISOString();
  const story = new Story();
  const [subject = '', ...others] = Array.from({ length: 8 }, (_, at) => `did:plc:aged${at}`);
  for (const did of others) {
    story.identity(did, ago(40), `${did.slice(8)}.test`);
    story.follow(subject, did, { atMs: ago(39) });
    story.like(subject, story.post(did, { atMs: nowMs - hourMs }), { atMs: nowMs - 1 });
  }
  const [old = '', epoch = '', silent = '', gone = '', ahead = '', changed = '', broken = ''] = others;
  story.profile(old, ago(30), day(700));
  story.profile(epoch, ago(30), '1970-01-01T00:00:00.000Z');
  // The newest version says nothing, so nothing is said.
  story.profile(silent, ago(30), day(600));
  story.profile(silent, ago(20));
  story.remove(story.profile(gone, ago(30), day(500)), ago(20));
  story.profile(ahead, ago(30), day(-500));
  story.profile(changed, ago(30), day(400));
  story.profile(changed, ago(20), day(300));
  story.profile(broken, ago(30), 'long ago');
  const frames = story.frames();
  await index(frames);
  const question: LensQuestion = { did: subject, lens: 'pulse', window: '24h', audience: 'following' };
  const reference = referenceAt(told(frames), nowMs, firstMs(frames));
  const { board } = reference.answer(question);
  const ages = board?.lens === 'pulse' ? board.accounts.map(({ did, age_days }) => [did, age_days]) : [];
  expect(Object.fromEntries(ages)).toEqual({
    [old]: 700,
    [epoch]: 1225.5,
    [silent]: 40,
    [gone]: 40,
    [ahead]: 40,
    [changed]: 300,
    [broken]: 40,
  });
  expect((await compareLenses(await lensesAt(nowMs), reference, [question])).differences).toEqual([]);
});

test('a batch of nothing but nonsense does not move the beginning of the data', async () => {
  const { frames } = tellExample();
  await index(frames);
  await index(['{"kind":', '[]', '{"did":"nobody","time_us":5}']);
  const question: LensQuestion = { did: exampleDid('ann'), lens: 'flow', window: '24h', audience: 'following' };
  const reference = referenceAt(told(frames), exampleNowMs, exampleSinceMs);
  expect((await compareLenses(await lensesAt(exampleNowMs), reference, [question])).differences).toEqual([]);
});

/** Worlds so far apart in time that the windows of one never see another: one index holds them all. */
const manyWorlds = (count: number, seed: number): ToldWorld[] =>
  fc
    .sample(smallWorlds(300, 500), { numRuns: count, seed })
    .map((world, at) => tellWorld(world, Date.UTC(2023, 5, 1, 12) + at * 200 * dayMs, `s${seed}w${at}`));

describe.each([1, 2])('small random worlds, seed %i', (seed) => {
  const worlds = manyWorlds(12, seed);
  const frames = worlds.flatMap((world) => world.frames);
  const oracle = told(frames);
  const choose = chooser(seed);

  const agreement = async (perWorld: number): Promise<Agreement> => {
    const all: Agreement[] = [];
    for (const { nowMs, dids } of worlds) {
      const lenses = await lensesAt(nowMs);
      // Half of them about the account that follows everybody.
      const [subject = '', ...others] = dids;
      const questions = [
        ...choose(questionsAbout(subject), perWorld / 2),
        ...choose(others.flatMap(questionsAbout), perWorld / 2),
      ];
      all.push(await compareLenses(lenses, referenceAt(oracle, nowMs, firstMs(frames)), questions));
    }
    const sum = (field: 'boards' | 'scores'): number => all.reduce((total, one) => total + one[field], 0);
    return { differences: all.flatMap((one) => one.differences), boards: sum('boards'), scores: sum('scores') };
  };

  test('the index answers what the reference answers, and again after a replay', { timeout: 300_000 }, async () => {
    await index(frames);
    const { differences, boards, scores } = await agreement(16);
    expect(differences).toEqual([]);
    expect(boards).toBeGreaterThan(60);
    expect(scores).toBeGreaterThan(60);
    await index(frames);
    expect((await agreement(6)).differences).toEqual([]);
  });

  test('and when the frames come in another order', { timeout: 300_000 }, async () => {
    // The first stays, as it says since when there are data.
    const [first = '', ...others] = frames;
    const shuffled = others
      .map((frame, at) => ({ frame, place: (at * 7_919) % others.length }))
      .toSorted((one, other) => one.place - other.place)
      .map(({ frame }) => frame);
    await index([first, ...shuffled]);
    expect((await agreement(10)).differences).toEqual([]);
  });
});

describe('one more reaction', () => {
  const [world] = manyWorlds(1, 77) as [ToldWorld];
  const { nowMs, dids, frames } = world;

  test('never lowers what it measures, in the index as in the reference', { timeout: 120_000 }, async () => {
    await index(frames);
    const posts = told(frames)
      .records()
      .filter(({ content, seenUs }) => content.kind === 'post' && seenUs < nowMs * 1000);
    const measuring = ['peak', 'reach', 'virality', 'community', 'impact', 'boost'];
    const choose = chooser(5);
    let all = [...frames];
    for (const post of choose(posts, 6)) {
      const questions: LensQuestion[] = (['flow', 'clout', 'kudos', 'pulse'] as const).map((lens) => ({
        did: post.did,
        lens,
        window: '30d',
        audience: 'following',
      }));
      const before = await lensesAt(nowMs);
      const was = await Promise.all(questions.map(async (question) => bare(await before.answer(question))));
      const more = new Story();
      const [actor = ''] = choose(dids, 1);
      more.like(actor, post.uri, { atMs: nowMs - 7 });
      more.repost(actor, post.uri, { atMs: nowMs - 6 });
      more.post(actor, { atMs: nowMs - 5 }, { replyTo: post.uri, createdAt: '2010-01-01T00:00:00Z' });
      await index(more.frames());
      all = [...all, ...more.frames()];
      const after = await lensesAt(nowMs);
      for (const [at, question] of questions.entries()) {
        const is = bare(await after.answer(question));
        const old = was[at]?.score ?? null;
        if (old === null || is.score === null) continue;
        for (const [place, part] of old.parts.entries())
          if (measuring.includes(part.name)) expect(is.score.parts[place]?.value).toBeGreaterThanOrEqual(part.value);
        expect(is.score.score).toBeGreaterThanOrEqual(old.score);
      }
      expect(
        (await compareLenses(after, referenceAt(told(all), nowMs, firstMs(frames)), questions)).differences,
      ).toEqual([]);
    }
  });
});

describe('simulated networks', () => {
  test.each([
    { seed: 11, accounts: 60, frames: 6_000, eventsPerSecond: 0.02, hostile: undefined },
    { seed: 12, accounts: 400, frames: 9_000, eventsPerSecond: 0.05, hostile: undefined },
    { seed: 13, accounts: 120, frames: 6_000, eventsPerSecond: 0.01, hostile: { probability: 0.05 } },
  ])('of $accounts accounts, seed $seed', { timeout: 300_000 }, async ({ frames: count, ...options }) => {
    const { hostile, ...rest } = options;
    const world = createWorld({
      ...rest,
      startUs: Date.UTC(2026, 0, 5) * 1000,
      ...(hostile === undefined ? {} : { hostile }),
    });
    const frames = Array.from({ length: count }, () => world.next().text);
    const oracle = toldAnything(frames);
    await index(frames);
    const nowMs = Math.ceil(world.nowUs() / 1000) + 1;
    const dids = [...oracle.authors(), ...oracle.subjects()];
    // The best known are listed first: they have the most of everything.
    const some = world
      .accounts()
      .slice(0, 4)
      .map(({ did }) => did);
    const questions = [
      ...some.flatMap(questionsAbout),
      ...chooser(options.seed)(dids, 40).map((did, at) => questionsAbout(did)[at % 32] as LensQuestion),
    ];
    const lenses = await lensesAt(nowMs);
    expect((await compareLenses(lenses, referenceAt(oracle, nowMs, firstMs(frames)), questions)).differences).toEqual(
      [],
    );
  });
});

test('more accounts than are compared with: those of the lowest ids', { timeout: 300_000 }, async () => {
  const nowMs = Date.UTC(2026, 2, 10, 12);
  const story = new Story();
  const dids = Array.from({ length: 5_300 }, (_, at) => `did:plc:many${at}`);
  for (const [at, did] of dids.entries()) {
    const post = story.post(did, { atMs: nowMs - (at % 23) * hourMs - 1 });
    for (let liker = 0; liker < at % 7; liker += 1) story.like(dids[liker] as string, post, { atMs: nowMs - 1 });
    if (at % 3 === 0) story.repost(dids[(at * 7) % 5_300] as string, post, { atMs: nowMs - 1 });
  }
  const frames = story.frames();
  await index(frames);
  const ids = new Map(
    (
      await select<{ did: string; id: string }>(throwaway.store, 'SELECT did, toString(actor_id) AS id FROM accounts')
    ).map(({ did, id }) => [did, BigInt(id)]),
  );
  const lenses = await lensesAt(nowMs);
  const reference = new LensReference(told(frames), {
    nowMs,
    dataSinceMs: firstMs(frames),
    actorIdOf: (did) => ids.get(did) ?? 0n,
  });
  const questions = dids
    .slice(100, 107)
    .flatMap((did) =>
      (['flow', 'clout'] as const).map((lens): LensQuestion => ({ did, lens, window: '24h', audience: 'following' })),
    );
  expect((await compareLenses(lenses, reference, questions)).differences).toEqual([]);
  expect((await lenses.answer(questions[0] as LensQuestion)).score?.reference.accounts).toBe(5_000);
});
