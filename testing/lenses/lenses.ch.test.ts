import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LensQuestion } from '#pkg/contracts/lens.ts';
import { select } from '#testing/answers/select.ts';
import { LensReference } from './answer.ts';
import { bare, compareLenses, questionsAbout } from './compare.ts';
import { exampleDid, exampleNames, exampleNowMs, exampleSinceMs, tellExample } from './example.ts';
import { chooser, firstMs, Indexed, referenceAt } from './indexed.ts';
import { dayMs } from './numbers.ts';
import { Story } from './story.ts';
import { told } from './told.ts';
import { manyWorlds, type ToldWorld } from './worlds.ts';

const hourMs = 3_600_000;
let indexed: Indexed;

beforeAll(async () => {
  indexed = await Indexed.open();
});
afterEach(() => indexed.empty());
afterAll(() => indexed.close());

test("the document's example, asked in every way", { timeout: 120_000 }, async () => {
  const { frames } = tellExample();
  await indexed.take(frames);
  const lenses = await indexed.lensesAt(exampleNowMs);
  const reference = referenceAt(told(frames), exampleNowMs, exampleSinceMs);
  // All of Ann's, and some of everybody's.
  const questions = [
    ...questionsAbout(exampleDid('ann')),
    ...[...exampleNames, 'nobody'].flatMap((name, at) =>
      questionsAbout(exampleDid(name)).filter((_, question) => question % 6 === at),
    ),
  ];
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
  await indexed.take(frames);
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
  expect((await compareLenses(await indexed.lensesAt(nowMs), reference, [question])).differences).toEqual([]);
});

test('a batch of nothing but nonsense does not move the beginning of the data', async () => {
  const { frames } = tellExample();
  await indexed.take(frames);
  await indexed.take(['{"kind":', '[]', '{"did":"nobody","time_us":5}']);
  const question: LensQuestion = { did: exampleDid('ann'), lens: 'flow', window: '24h', audience: 'following' };
  const reference = referenceAt(told(frames), exampleNowMs, exampleSinceMs);
  expect((await compareLenses(await indexed.lensesAt(exampleNowMs), reference, [question])).differences).toEqual([]);
});

describe('one more reaction', () => {
  const [world] = manyWorlds(1, 77) as [ToldWorld];
  const { nowMs, dids, frames } = world;

  test('never lowers what it measures, in the index as in the reference', { timeout: 120_000 }, async () => {
    await indexed.take(frames);
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
      const before = await indexed.lensesAt(nowMs);
      const was = await Promise.all(questions.map(async (question) => bare(await before.answer(question))));
      const more = new Story();
      const [actor = ''] = choose(dids, 1);
      more.like(actor, post.uri, { atMs: nowMs - 7 });
      more.repost(actor, post.uri, { atMs: nowMs - 6 });
      more.post(actor, { atMs: nowMs - 5 }, { replyTo: post.uri, createdAt: '2010-01-01T00:00:00Z' });
      await indexed.take(more.frames());
      all = [...all, ...more.frames()];
      const after = await indexed.lensesAt(nowMs);
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
  await indexed.take(frames);
  const ids = new Map(
    (
      await select<{ did: string; id: string }>(indexed.store, 'SELECT did, toString(actor_id) AS id FROM accounts')
    ).map(({ did, id }) => [did, BigInt(id)]),
  );
  const lenses = await indexed.lensesAt(nowMs);
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
