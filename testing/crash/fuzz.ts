import { createKeys } from '#pkg/clickhouse/keys.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { Batch } from '#pkg/indexer/batch/batch.ts';
import { Intake } from '#pkg/indexer/batch/intake.ts';
import { RevisionFilter } from '#pkg/indexer/batch/revision-filter.ts';
import { dropReasons } from '#pkg/indexer/records/types.ts';
import { select } from '#testing/answers/select.ts';
import { createRandom } from '#testing/simulator/random.ts';
import { createWorld } from '#testing/simulator/world.ts';
import { mutate } from './mutate.ts';
import { parseFrame, runFrames } from './run-frames.ts';

/** What became of fuzzed frames: `ok + dropped + dead` is `frames`, or something was lost or counted twice. */
export interface FuzzCounts {
  frames: number;
  ok: number;
  dropped: number;
  dead: number;
  /** Of the dropped, by reason. */
  readonly reasons: Map<string, number>;
  /** Why frames were dead, the first few. */
  readonly deadBecause: string[];
}

/** Damaged frames without end, from a world that damages some itself. */
export const fuzzedFrames = function* (seed: number): Generator<string> {
  const random = createRandom(seed);
  const world = createWorld({
    seed,
    accounts: 300,
    startUs: 1_760_000_000_000_000,
    eventsPerSecond: 500,
    hostile: { probability: 0.2 },
  });
  for (;;) yield mutate(world.next().text, random);
};

const eventsABatch = 20_000;
const bytesABatch = 30_000_000;

/** Takes this many frames into memory, batch after batch, and counts what became of each. */
export const fuzzMemory = (seed: number, frames: number): FuzzCounts => {
  const counts: FuzzCounts = { frames: 0, ok: 0, dropped: 0, dead: 0, reasons: new Map(), deadBecause: [] };
  const batch = new Batch();
  const intake = new Intake({
    keys: createKeys('fuzz'),
    filter: new RevisionFilter(1_048_576),
    batch,
    nowUs: () => Date.now() * 1000,
  });
  const close = (): void => {
    for (const [reason, count] of batch.dropped) counts.reasons.set(reason, (counts.reasons.get(reason) ?? 0) + count);
    batch.clear();
  };
  for (const text of fuzzedFrames(seed)) {
    if (counts.frames === frames) break;
    counts.frames += 1;
    const fate = intake.take(parseFrame(text));
    counts[fate] += 1;
    if (fate === 'dead' && counts.deadBecause.length < 5) counts.deadBecause.push(text.slice(0, 500));
    if (batch.events >= eventsABatch || batch.bytes >= bytesABatch) close();
  }
  close();
  return counts;
};

/** What is wrong with the counts, in words; empty: nothing. */
export const complaints = ({ frames, ok, dropped, dead, reasons, deadBecause }: FuzzCounts): string => {
  const found: string[] = [];
  if (ok + dropped + dead !== frames) found.push(`${frames} frames, but ${ok} ok, ${dropped} dropped and ${dead} dead`);
  if (dead > 0) found.push(`${dead} dead, such as ${deadBecause.join('\n')}`);
  const byReason = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  if (byReason !== dropped) found.push(`${dropped} dropped, but ${byReason} by reason`);
  const unknown = [...reasons.keys()].filter((reason) => !(dropReasons as readonly string[]).includes(reason));
  if (unknown.length > 0) found.push(`unlisted reasons: ${unknown.join(', ')}`);
  return found.join('\n');
};

/** Runs this many frames through a whole indexer into a database: each row that it writes must be one the store takes. */
export const fuzzStore = async (store: ClickHouse, seed: number, frames: number): Promise<string> => {
  const texts: string[] = [];
  const found: string[] = [];
  let done = 0;
  const run = async (): Promise<void> => {
    const { events, ok, droppedTotal, dead } = await runFrames(store, texts, { chunkFrames: 1_000, maxEvents: 5_000 });
    if (events !== texts.length || ok + droppedTotal + dead !== events || dead !== 0)
      found.push(`of ${texts.length} frames ${events} were taken: ${ok} ok, ${droppedTotal} dropped, ${dead} dead`);
    done += texts.length;
    texts.length = 0;
  };
  for (const text of fuzzedFrames(seed)) {
    if (done + texts.length === frames) break;
    texts.push(text);
    if (texts.length === 10_000) await run();
  }
  await run();
  type Row = { stage: string; error: string; rows: string };
  const letters = await select<Row>(
    store,
    'SELECT stage, any(error) AS error, count() AS rows FROM dead_letters GROUP BY stage',
  );
  for (const { stage, rows, error } of letters) found.push(`${rows} dead letters of ${stage}: ${error}`);
  const [log] = await select<{ events: string }>(store, 'SELECT sum(events) AS events FROM ingest_log');
  if (Number(log?.events) !== frames) found.push(`the ingest log tells of ${log?.events} events, not ${frames}`);
  return found.join('\n');
};
