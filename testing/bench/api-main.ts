/**
 * `just bench-api`: POST timeline/analyze at a fixed rate against a core-api of its own process, over PGlite, Redis and NATS,
 * each request by the next of many users. autocannon sends the requests of one connection in a row at the start of each
 * second, so there are many connections and they begin one after the other: together they send evenly.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { systemClock } from '#pkg/runtime/clock.ts';
import { type LoadRequest, loadEvenly, percentile } from './load.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    users: { type: 'string', default: '2000' },
    connections: { type: 'string', default: '50' },
    /** Requests of this time at the start are not measured. */
    'warm-up': { type: 'string', default: '3' },
  },
});
const rate = Number(values.rate);
const connections = Number(values.connections);
const warmUpMs = Number(values['warm-up']) * 1000;
const durationMs = Number(values.seconds) * 1000 + warmUpMs;

const child = spawn(
  process.execPath,
  [fileURLToPath(new URL('api-server-process.ts', import.meta.url)), '--users', values.users],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const nextLine = async <T>(schema: z.ZodType<T>): Promise<T> => {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('the server of the bench has ended');
  return schema.parse(JSON.parse(value));
};
const report = async () => {
  child.stdin.write('\n');
  return nextLine(
    z.object({ accepted: z.number(), waiting: z.number(), onBus: z.number(), cpuS: z.number(), rssMb: z.number() }),
  );
};

const { port, tokens } = await nextLine(z.object({ port: z.number(), tokens: z.array(z.string()) }));
const before = await report();

const LENSES = ['flow', 'clout', 'kudos', 'pulse'];
let sent = 0;
const setupRequest = (request: LoadRequest): LoadRequest => {
  const token = tokens[sent % tokens.length] ?? '';
  const body = JSON.stringify({ type: LENSES[sent % LENSES.length] });
  sent += 1;
  const headers = { ...request.headers, authorization: `Bearer ${token}` };
  return { ...request, headers, body } as LoadRequest;
};

const startedMs = performance.now();
const { latenciesMs, statuses, failures } = await loadEvenly({
  url: `http://127.0.0.1:${port}/api/v1/timeline/analyze`,
  rate,
  connections,
  durationMs,
  warmUpMs,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  setupRequest,
});
const tookS = (performance.now() - startedMs) / 1000;

// What was accepted is on the bus in a moment.
let after = await report();
for (let tries = 0; tries < 20 && after.waiting > 0; tries += 1) {
  await systemClock.sleep(250);
  after = await report();
}
child.stdin.end();

const at = (share: number): string => percentile(latenciesMs, share).toFixed(1);
const answers = [...statuses.values()].reduce((sum, one) => sum + one, 0);
const accepted = statuses.get(202) ?? 0;
console.log(`answers by status: ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`);
console.log(
  `rows ${after.accepted}, events on the bus ${after.onBus}, still waiting ${after.waiting}, server RSS ${after.rssMb} MB`,
);
console.log(
  [
    'bench-api',
    `analyze_p95_ms=${at(0.95)}`,
    `p99_ms=${at(0.99)}`,
    `p50_ms=${at(0.5)}`,
    `max_ms=${at(1)}`,
    `rate=${(answers / tookS).toFixed(0)}`,
    `cpu_ms_per_request=${(((after.cpuS - before.cpuS) * 1000) / answers).toFixed(2)}`,
    `errors=${failures + answers - accepted}`,
    `lost=${after.accepted - after.onBus}`,
  ].join(' '),
);
