/**
 * `just bench-bus`: finished analyses from their publish to the ledger's row to the SSE frame, over a real NATS and Redis, with
 * gamification, the gateway, the publisher and the clients each in a process of its own. Looks for the highest rate that is kept
 * up, then measures at `--rate`.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BusBench, type Run } from './bus-bench.ts';

const { values } = parseArgs({
  options: {
    /** Analyses a second of the last run. */
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '20' },
    users: { type: 'string', default: '4000' },
    /** How many of them have a connection. */
    connections: { type: 'string', default: '400' },
    /** `server`: the PostgreSQL that is installed; `embedded`: gamification's own; default: a server where there is one. */
    postgres: { type: 'string', default: '' },
    /** Only the run at `--rate`. */
    'no-search': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [rate, seconds, users, connections] = [values.rate, values.seconds, values.users, values.connections].map(
  Number,
) as [number, number, number, number];
const isWrong = [rate, seconds, users, connections].some((each) => !Number.isInteger(each) || each <= 0);
if (values.help || isWrong || !['', 'server', 'embedded'].includes(values.postgres)) {
  process.stderr.write(
    'usage: bus-main.ts [--rate N] [--seconds N] [--users N] [--connections N] [--postgres server|embedded] [--no-search] [--json]\n',
  );
  process.exit(2);
}

const userId = (): string =>
  `did:plc:${randomBytes(12)
    .toString('hex')
    .replaceAll(/[0189]/g, 'a')}`;
const folder = await mkdtemp(join(tmpdir(), 'skyflow-bench-bus-'));
// PostgreSQL runs as a user of its own, and must get at its folder.
await chmod(folder, 0o711);
await mkdir(join(folder, 'data'));
const bench = await BusBench.open({
  folder,
  users: Array.from({ length: users }, userId),
  watchEvery: Math.max(1, Math.round(users / connections)),
  postgres: values.postgres,
});
const say = (line: string): void => {
  if (!values.json) console.log(line);
};

/** It must have kept up, and nobody may have waited for long. */
const isSustained = ({ late, frameMs }: Run): boolean => late < 0.05 && frameMs.p99 < 500;
const shown = (run: Run): string =>
  `${run.rate}/s: ledger p50 ${run.ledgerMs.p50.toFixed(0)} ms, p99 ${run.ledgerMs.p99.toFixed(0)} ms; ` +
  `frame p50 ${run.frameMs.p50.toFixed(0)} ms, p99 ${run.frameMs.p99.toFixed(0)} ms, last ${run.frameMs.last.toFixed(0)} ms; ` +
  `behind by ${(run.late * 100).toFixed(1)} %; CPU s/s: ` +
  Object.entries(run.cpu)
    .map(([name, share]) => `${name} ${share.toFixed(2)}`)
    .join(', ');

await bench.warmUp();
let best = 0;
for (let next = 500; !values['no-search']; next = Math.round((next * 1.3) / 50) * 50) {
  const run = await bench.run(next, 6);
  say(shown(run));
  if (!isSustained(run)) break;
  best = next;
}
const last = await bench.run(rate, seconds);
say(shown(last));
if (isSustained(last)) best = Math.max(best, rate);
const wrong = await bench.check();
const { missed } = last;
await bench.close();
await rm(folder, { recursive: true, force: true });

const results = {
  analyses_per_s: best,
  p99_ms: Math.round(last.frameMs.p99),
  p50_ms: Math.round(last.frameMs.p50),
  ledger_p99_ms: Math.round(last.ledgerMs.p99),
  rate: last.rate,
  behind_percent: Number((last.late * 100).toFixed(1)),
  frames_missed: missed,
  postgres: bench.postgresName,
  cpu_ms_per_analysis: Object.fromEntries(
    Object.entries(last.cpuMsPerAnalysis).map(([name, ms]) => [name, Number(ms.toFixed(3))]),
  ),
};
if (values.json) console.log(JSON.stringify({ ...results, wrong }));
else {
  const flat = Object.entries(results).flatMap(([key, value]) =>
    typeof value === 'object'
      ? Object.entries(value).map(([name, each]) => `${key}_${name}=${each}`)
      : [`${key}=${String(value).replaceAll(' ', '_')}`],
  );
  console.log(['bench-bus', ...flat].join(' '));
}
if (wrong !== '') console.log(`the ledger is wrong: ${wrong}`);
process.exit(wrong === '' ? 0 : 1);
