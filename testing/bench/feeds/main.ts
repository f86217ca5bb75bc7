/**
 * `just bench-feeds`: getFeedSkeleton at 1,000 requests a second with a fresh token each, first pages of personal feeds over a
 * hundred million reactions, and how soon a post is visible; beside it, in turns, a generator of the official starter's shape.
 * Each server has one core to itself and the load the other. The world is that of `just bench-lenses`, and is kept.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureFreshness } from './fresh.ts';
import { percentile } from '../load.ts';
import { measurePersonal } from './personal.ts';
import { measureRate, measureThroughput } from './shared.ts';
import { loadOnOtherCores, startServer } from './server.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: join(tmpdir(), 'skyflow-bench-lenses') },
    reactions: { type: 'string', default: '100000000' },
    rounds: { type: 'string', default: '3' },
    /** Of each measurement. */
    seconds: { type: 'string', default: '8' },
    accounts: { type: 'string', default: '1000' },
    readers: { type: 'string', default: '40' },
    /** Events a second of the live network; an ordinary daily peak. */
    'live-rate': { type: 'string', default: '600' },
    /** Only some of: shared, personal, fresh. */
    only: { type: 'string', default: 'shared,personal,fresh' },
  },
});
/** The end of the worlds, as bench-lenses has it. */
const nowMs = Date.UTC(2026, 10, 1, 12);
const seconds = Number(values.seconds);
const accounts = Number(values.accounts);
const only = values.only.split(',');
const figures: string[] = [];
const median = (numbers: readonly number[]): number => percentile(numbers, 0.5);
const figure = (name: string, value: number, digits = 1): void => {
  figures.push(`${name}=${value.toFixed(digits)}`);
};

const world = ['--folder', join(values.folder, values.reactions), '--reactions', values.reactions];
const people = ['--accounts', values.accounts, '--readers', values.readers];
const skyflow = (where: 'one core' | 'all cores') =>
  startServer('our-server-process.ts', [...world, '--now-ms', String(nowMs), ...people], where);

if (only.includes('shared')) {
  loadOnOtherCores();
  await using ours = await skyflow('one core');
  console.log(`posts in the shared feeds: ${JSON.stringify(ours.ready.ranked)}`);
  await using starter = await startServer('starter-server-process.ts', ['--accounts', values.accounts], 'one core');
  const plain: { ours: number[]; starter: number[] } = { ours: [], starter: [] };
  const signed: { ours: number[]; starter: number[] } = { ours: [], starter: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [tokens, into] of [
      [0, plain],
      [accounts, signed],
    ] as const) {
      into.starter.push(await measureThroughput(starter.ready.port, { seconds, accounts: tokens }));
      into.ours.push(await measureThroughput(ours.ready.port, { seconds, accounts: tokens }));
      const [one, other] = [into.ours.at(-1) ?? 0, into.starter.at(-1) ?? 0];
      console.log(
        `${tokens === 0 ? 'without tokens' : 'with tokens   '}  ours ${one.toFixed(0)}/s, starter ${other.toFixed(0)}/s, ${(one / other).toFixed(1)} times`,
      );
    }
  }
  await starter[Symbol.asyncDispose]();
  const at1000: number[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const { latenciesMs, statuses, failures } = await measureRate(ours.ready.port, { rate: 1_000, seconds, accounts });
    at1000.push(percentile(latenciesMs, 0.99));
    console.log(
      `1,000/s with tokens: p50 ${percentile(latenciesMs, 0.5).toFixed(1)} p99 ${percentile(latenciesMs, 0.99).toFixed(1)} ms, ` +
        `answers ${JSON.stringify(Object.fromEntries(statuses))}, failures ${failures}`,
    );
  }
  figure('shared_p99_ms', median(at1000));
  figure('requests_per_s', median(plain.ours), 0);
  figure('requests_per_s_jwt', median(signed.ours), 0);
  const times = (one: typeof plain): number => median(one.ours.map((value, at) => value / (one.starter[at] ?? 1)));
  figure('times_baseline', times(plain));
  figure('times_baseline_jwt', times(signed));
}
if (only.includes('personal')) {
  await using ours = await skyflow('all cores');
  const byFeed = await measurePersonal(ours.ready.port, Number(values.readers));
  for (const [rkey, { tookMs, posts }] of byFeed) {
    console.log(
      `${rkey.padEnd(10)} first page p50 ${percentile(tookMs, 0.5).toFixed(0)} p95 ${percentile(tookMs, 0.95).toFixed(0)} ms, ${posts.toFixed(0)} posts`,
    );
  }
  figure(
    'personal_p95_ms',
    percentile(
      [...byFeed.values()].flatMap(({ tookMs }) => tookMs),
      0.95,
    ),
  );
}
if (only.includes('fresh')) {
  const { tookMs, missing } = await measureFreshness(Number(values['live-rate']), Math.max(30, seconds));
  console.log(
    `visible after: p50 ${percentile(tookMs, 0.5).toFixed(0)} p99 ${percentile(tookMs, 0.99).toFixed(0)} ms, ${tookMs.length} posts, ${missing} never seen`,
  );
  figure('fresh_p99_ms', percentile(tookMs, 0.99), 0);
}
console.log(`bench-feeds ${figures.join(' ')}`);
