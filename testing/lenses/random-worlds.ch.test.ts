import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LensQuestion } from '#pkg/contracts/lens.ts';
import { createWorld } from '#testing/simulator/world.ts';
import { type Agreement, compareLenses, questionsAbout } from './compare.ts';
import { chooser, firstMs, Indexed, referenceAt } from './indexed.ts';
import { told, toldAnything } from './told.ts';
import { manyWorlds } from './worlds.ts';

let indexed: Indexed;

beforeAll(async () => {
  indexed = await Indexed.open();
});
afterEach(() => indexed.empty());
afterAll(() => indexed.close());

describe.each([1, 2])('small random worlds, seed %i', (seed) => {
  const worlds = manyWorlds(12, seed);
  const frames = worlds.flatMap((world) => world.frames);
  const oracle = told(frames);
  const choose = chooser(seed);

  const agreement = async (perWorld: number): Promise<Agreement> => {
    const all: Agreement[] = [];
    for (const { nowMs, dids } of worlds) {
      const lenses = await indexed.lensesAt(nowMs);
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
    await indexed.take(frames);
    const { differences, boards, scores } = await agreement(12);
    expect(differences).toEqual([]);
    expect(boards).toBeGreaterThan(50);
    expect(scores).toBeGreaterThan(50);
    await indexed.take(frames);
    expect((await agreement(4)).differences).toEqual([]);
  });

  test('and when the frames come in another order', { timeout: 300_000 }, async () => {
    // The first stays, as it says since when there are data.
    const [first = '', ...others] = frames;
    const shuffled = others
      .map((frame, at) => ({ frame, place: (at * 7_919) % others.length }))
      .toSorted((one, other) => one.place - other.place)
      .map(({ frame }) => frame);
    await indexed.take([first, ...shuffled]);
    expect((await agreement(6)).differences).toEqual([]);
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
    await indexed.take(frames);
    const nowMs = Math.ceil(world.nowUs() / 1000) + 1;
    const dids = [...oracle.authors(), ...oracle.subjects()];
    // The best known are listed first: they have the most of everything.
    const some = world
      .accounts()
      .slice(0, 2)
      .map(({ did }) => did);
    const questions = [
      ...some.flatMap(questionsAbout),
      ...chooser(options.seed)(dids, 30).map((did, at) => questionsAbout(did)[at % 32] as LensQuestion),
    ];
    const lenses = await indexed.lensesAt(nowMs);
    expect((await compareLenses(lenses, referenceAt(oracle, nowMs, firstMs(frames)), questions)).differences).toEqual(
      [],
    );
  });
});
