import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BANDS, LENSES, NOTICES } from '#pkg/contracts/lens.ts';
import { LensReference } from './answer.ts';
import { exampleDid, exampleNowMs, exampleSinceMs, tellExample } from './example.ts';
import { factsOf, reactionsTo, tallyOf } from './facts.ts';
import { told } from './told.ts';

const text = readFileSync(new URL('../../docs/algorithms.md', import.meta.url), 'utf8');
/** All rows of all tables, as cells. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
const rowsOf = (width: number, name: string): string[][] =>
  rows.filter((cells) => cells.length === width && cells.includes(name));

const { uris, frames } = tellExample();
const oracle = told(frames);
const reference = new LensReference(oracle, {
  nowMs: exampleNowMs,
  dataSinceMs: exampleSinceMs,
  actorIdOf: () => 0n,
});
const ask = (lens: (typeof LENSES)[number], name = 'ann') =>
  reference.answer({ did: exampleDid(name), lens, window: '24h', audience: 'following' });

test("the posts of the document's example got what it says", () => {
  const facts = factsOf(oracle);
  const windowMs = exampleNowMs - 86_400_000;
  for (const [name, uri] of Object.entries(uris)) {
    const post = facts.posts.find((one) => one.uri === uri);
    if (post === undefined) throw new Error(`${name} is not there`);
    const { likes, replies, reposts, quotes, skypoints } = tallyOf(
      reactionsTo(facts, post, post.sortMs < windowMs ? windowMs : null),
    );
    const [row] = rowsOf(9, name);
    expect([name, row?.slice(4).map(Number)]).toEqual([name, [likes, replies, reposts, quotes, skypoints]]);
  }
});

/** The number that a cell ends with, or begins with where it is `2 of 24 ...`. */
const numberIn = (cell: string): number => {
  const [, some, all] = /^(\d+) of (\d+)/.exec(cell) ?? [];
  if (some !== undefined) return Number(some) / Number(all);
  return Number(/(?:^|[=:] )([\d.]+)$/.exec(cell)?.[1] ?? Number.NaN);
};

test('the parts of its scores are what it says, of every account', () => {
  for (const lens of LENSES) {
    for (const [index, { name, percentile }] of (ask(lens).score?.parts ?? []).entries()) {
      const [row = []] = rowsOf(7, name);
      for (const [column, who] of ['ann', 'bob', 'cat', 'dan'].entries())
        expect([name, who, numberIn(row[column + 1] ?? '')]).toEqual([
          name,
          who,
          expect.closeTo(ask(lens, who).score?.parts[index]?.value ?? Number.NaN, 2),
        ]);
      expect([name, numberIn(row[5] ?? ''), Number(row[6])]).toEqual([name, percentile / 100, percentile]);
    }
  }
});

test('its scores, bands, changes and share line', () => {
  for (const lens of LENSES) {
    const { score } = ask(lens);
    const [row = []] = rowsOf(6, `${lens.charAt(0).toUpperCase()}${lens.slice(1)}`);
    expect([lens, ...row.slice(2, 4), row[5]]).toEqual([
      lens,
      score?.score.toFixed(1),
      score?.band,
      `+${score?.change?.toFixed(1)}`,
    ]);
    expect(score?.percentile).toBe(75);
  }
  expect(text).toContain(`\n    ${ask('pulse').share}\n`);
});

test('the weights, bands and notices are those of the code', () => {
  for (const lens of LENSES)
    for (const { name, weight } of ask(lens).score?.parts ?? [])
      expect([name, Number(rowsOf(5, name)[0]?.[2])]).toEqual([name, weight]);
  const lowest = rows.filter(([name]) => BANDS.some((band) => band.name === name)).map(([, range]) => range);
  expect(lowest.map((range) => Number(range?.split(' to ')[0]))).toEqual(BANDS.map(({ from }) => from));
  for (const code of NOTICES) expect(rowsOf(2, code).map(() => code)).toEqual([code]);
});
