import { expect, test } from 'vitest';
import { deliver, DISTURBED, ORDERLY, worldOf } from './delivery.ts';
import { outcomeOf } from './model/model.ts';
import { RulesRunner } from './rules-runner.ts';
import { verifyLedger } from './verify-ledger.ts';
import { makeHistory } from './world.ts';

const play = (seed: number, how: 'orderly' | 'disturbed'): string => {
  const history = makeHistory({ seed, people: 40, analyses: 2_000, days: 40 });
  const rounds = deliver(history, { seed, ...(how === 'orderly' ? ORDERLY : DISTURBED) });
  const runner = new RulesRunner(history.people);
  for (const round of rounds) runner.play(round);
  const outcomes = outcomeOf(worldOf(history, rounds));
  return verifyLedger(runner.stored(), { people: history.people, outcomes, orderly: how === 'orderly' }).toString();
};

test.each([1, 2, 3, 4, 5, 6])('told in order, the rules say what the model says, world %i', (seed) => {
  expect(play(seed, 'orderly')).toBe('');
});

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('told late, twice and in disorder, they still do, world %i', (seed) => {
  expect(play(seed, 'disturbed')).toBe('');
});
