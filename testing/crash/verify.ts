import { readFileSync } from 'node:fs';
import { openClickHouse } from '#pkg/clickhouse/client.ts';
import { rawDifferences } from '#testing/answers/raw.ts';
import { differences } from '#testing/answers/read.ts';
import { select } from '#testing/answers/select.ts';
import { Oracle } from '#testing/oracle/oracle.ts';

/**
 * `node testing/crash/verify.ts WHERE FRAMES`: compares a database (a folder of the embedded engine, or a server's URL)
 * with the oracle over a file of frames, a JSON text a line. A process of its own: an engine cannot change folders.
 */
export interface Verdict {
  /** In words; empty: the tables answer exactly what the oracle answers. */
  readonly difference: string;
  readonly gaps: number;
  readonly events: number;
  readonly flushes: number;
}

const [, , where = '', framesFile = ''] = process.argv;
const texts = readFileSync(framesFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as string);
const oracle = new Oracle();
for (const text of texts) oracle.apply(text);

const location = where.startsWith('http') ? { url: where, path: '' } : { path: where };
const store = await openClickHouse({ ...location, database: 'skyflow' });
const [gaps] = await select<{ rows: string }>(store, 'SELECT count() AS rows FROM gaps FINAL');
const [log] = await select<{ rows: string; events: string }>(
  store,
  'SELECT count() AS rows, sum(events) AS events FROM ingest_log',
);
const verdict: Verdict = {
  difference: [await differences(store, oracle), await rawDifferences(store, texts)]
    .filter((each) => each !== '')
    .join('\n'),
  gaps: Number(gaps?.rows),
  events: Number(log?.events),
  flushes: Number(log?.rows),
};
await store.close();
process.stdout.write(`${JSON.stringify(verdict)}\n`);
