/**
 * `just bench-lenses`: boards of 1,000 follows and scores over 48 hours, at a million, ten million and a hundred million
 * reactions; how they grow; and beside them the old way, which pages through getAuthorFeed. The worlds are kept in
 * `--folder` and used again: the biggest takes some minutes and five gigabytes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { LENSES } from '#pkg/contracts/lens.ts';
import { measureOldWay } from './old-way.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000000,10000000,100000000' },
    readers: { type: 'string', default: '40' },
    folder: { type: 'string', default: join(tmpdir(), 'skyflow-bench-lenses') },
    /** Makes the worlds anew. */
    fresh: { type: 'boolean', default: false },
    'old-way-runs': { type: 'string', default: '5' },
  },
});
/** The end of the worlds: always the same, so that a kept one fits. */
const nowMs = Date.UTC(2026, 10, 1, 12);
const windowMs = 48 * 3_600_000;

const times = z.record(z.string(), z.array(z.number()));
const measured = z.object({
  boards: times,
  scores: times,
  found: z.number(),
  asked: z.number(),
  rows: z.coerce.number(),
  parts: z.coerce.number(),
  bytes: z.coerce.number(),
  builtS: z.number(),
  authors: z.number(),
  likes: z.number(),
});

const at = (numbers: readonly number[], share: number): number => {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};
const median = (numbers: readonly number[]): number => at(numbers, 0.5);
const ms = (value: number): string => value.toFixed(1).padStart(7);

const measureWorld = async (reactions: number, feeds: string | undefined) => {
  const folder = join(values.folder, String(reactions));
  if (values.fresh) await rm(folder, { recursive: true, force: true });
  const args = ['--folder', folder, '--reactions', String(reactions), '--now-ms', String(nowMs)];
  const process_ = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('measure-process.ts', import.meta.url)),
      ...args,
      '--readers',
      values.readers,
      ...(feeds === undefined ? [] : ['--feeds', feeds]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [[line]] = (await Promise.all([
    once(createInterface({ input: process_.stdout }), 'line'),
    once(process_, 'exit'),
  ])) as [[string], unknown];
  return measured.parse(JSON.parse(line));
};

/** The slope of a straight line through the logarithms: 0 is no growth, 1 twice the time for twice the rows. */
const slopeOf = (points: readonly { readonly rows: number; readonly ms: number }[]): number => {
  const logs = points.map((point) => ({ x: Math.log10(point.rows), y: Math.log10(point.ms) }));
  const mean = (pick: (log: { x: number; y: number }) => number): number =>
    logs.reduce((sum, log) => sum + pick(log), 0) / logs.length;
  const [x, y] = [mean((log) => log.x), mean((log) => log.y)];
  return mean((log) => (log.x - x) * (log.y - y)) / mean((log) => (log.x - x) ** 2);
};

const sizes = values.sizes.split(',').map(Number);
const feeds = join(values.folder, 'feeds.tsv');
const results: { reactions: number; result: z.infer<typeof measured> }[] = [];
for (const reactions of sizes) {
  const result = await measureWorld(reactions, reactions === sizes.at(-1) ? feeds : undefined);
  results.push({ reactions, result });
  const { rows, parts, bytes, authors, builtS, found, asked } = result;
  console.log(
    `${(reactions / 1e6).toFixed(0)} M reactions, ${authors} accounts: engagement has ${rows} rows in ${parts} parts, ` +
      `${(bytes / 1e9).toFixed(2)} GB${builtS > 1 ? `, made in ${builtS.toFixed(0)} s` : ''}; ${found} of ${asked} questions answered`,
  );
  for (const lens of LENSES)
    console.log(
      `  ${lens.padEnd(6)} board p50 ${ms(median(result.boards[lens] ?? []))} p95 ${ms(at(result.boards[lens] ?? [], 0.95))} ms` +
        `   score p50 ${ms(median(result.scores[lens] ?? []))} p95 ${ms(at(result.scores[lens] ?? [], 0.95))} ms`,
    );
}

const last = results.at(-1)?.result;
if (last === undefined) throw new TypeError('--sizes names no size');
const boards = Object.values(last.boards).flat();
const scores = Object.values(last.scores).flat();
const growth = (pick: 'boards' | 'scores'): number =>
  slopeOf(
    results.map(({ reactions, result }) => ({ rows: reactions, ms: median(Object.values(result[pick]).flat()) })),
  );

const old = await measureOldWay(feeds, { fromMs: nowMs - windowMs, runs: Number(values['old-way-runs']) });
const oldMs = median(old.map((run) => run.ms));
console.log(
  `the old way: ${old[0]?.pages} pages, ${((old[0]?.bytes ?? 0) / 1e6).toFixed(0)} MB, ${oldMs.toFixed(0)} ms at no latency; ` +
    `${old[0]?.likes} likes counted, the flow board has ${last.likes} (it leaves out inactive and blocked accounts)`,
);
console.log(
  JSON.stringify({
    board_p95_ms: Number(at(boards, 0.95).toFixed(1)),
    score_p95_ms: Number(at(scores, 0.95).toFixed(1)),
    slope: Number(Math.max(growth('boards'), growth('scores')).toFixed(3)),
    board_slope: Number(growth('boards').toFixed(3)),
    score_slope: Number(growth('scores').toFixed(3)),
    times_faster: Number((oldMs / median(boards)).toFixed(1)),
  }),
);
