import { parseArgs } from 'node:util';
import { runOutages } from './outage.ts';
import { openRoom } from './room.ts';
import { tortureSeed } from './torture.ts';

/**
 * The long form of the crash tests: `node testing/crash/main.ts --seeds 200 [--from N] [--jobs 2]`, or `--stores`.
 * Each seed kills an indexer one to four times and then compares its tables with the oracle.
 * `--stores` instead takes each store away for 30 s, and freezes ClickHouse for 60 s under a flood.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    stores: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
});
if (values.stores) {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const options = { awayMs: 30_000, floodStallMs: 60_000, floodFrames: 300_000, liveRate: 500, say };
  const { failure, peakRssMb, sentWhileFrozen, frames } = await runOutages(options);
  if (failure !== '') say(failure);
  say(
    `outages frames=${frames} peak_rss_mb=${peakRssMb} sent_while_frozen=${sentWhileFrozen} failed=${failure === '' ? 0 : 1}`,
  );
  process.exit(failure === '' ? 0 : 1);
}
const [seeds, from, jobs] = [values.seeds, values.from, values.jobs].map(Number) as [number, number, number];
if (![seeds, from, jobs].every((each) => Number.isInteger(each) && each > 0)) {
  process.stderr.write('usage: main.ts [--seeds N] [--from N] [--jobs N]\n');
  process.exit(2);
}

const startedMs = performance.now();
const room = await openRoom();
const failed: number[] = [];
let passed = 0;
let next = from;
const worker = async (): Promise<void> => {
  while (next < from + seeds) {
    const seed = next;
    next += 1;
    const { failure, kills, frames, seconds } = await tortureSeed(seed, room);
    if (failure === '') passed += 1;
    else failed.push(seed);
    const state = failure === '' ? 'ok' : 'FAILED';
    process.stdout.write(
      `seed ${seed}: ${state}, ${kills} kills, ${frames} frames, ${seconds.toFixed(1)} s (${passed + failed.length}/${seeds})\n`,
    );
    if (failure !== '')
      process.stdout.write(`${failure}\nalone: node testing/crash/main.ts --seeds 1 --from ${seed}\n`);
  }
};
await Promise.all(Array.from({ length: jobs }, worker));
await room.close(failed.length > 0);
if (failed.length > 0) process.stdout.write(`databases and frames of the failed seeds: ${room.folder}\n`);
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`torture seeds=${seeds} passed=${passed} failed=${failed.length} seconds=${seconds}\n`);
process.exit(failed.length > 0 ? 1 : 0);
