/**
 * Serves ready-made frames from a process of its own, for benchmarks:
 *
 *     node testing/simulator/raw-main.ts --port 0 --count 2000000
 *
 * Prints one JSON line with the address as soon as it listens, then serves until it is killed, or until its standard
 * input ends where `--until-stdin-ends` is given (so that it cannot outlive the benchmark that started it).
 */
import { parseArgs } from 'node:util';
import { premakeFrames } from './frames.ts';
import { serveRaw } from './raw-server.ts';
import { FrameTape } from './tape.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    /** Frames on the tape. */
    count: { type: 'string', default: '2000000' },
    seed: { type: 'string', default: '1' },
    /** Frames made in advance; the tape repeats them with fresh keys. */
    template: { type: 'string', default: '100000' },
    accounts: { type: 'string', default: '20000' },
    /** Events per second of the network's own time. */
    rate: { type: 'string', default: '2000' },
    'start-us': { type: 'string' },
    'chunk-bytes': { type: 'string', default: '262144' },
    /** Close the connection after the last frame instead of leaving it open. */
    close: { type: 'boolean', default: false },
    'until-stdin-ends': { type: 'boolean', default: false },
  },
});

const count = Number(values.count);
const template = premakeFrames({
  seed: Number(values.seed),
  count: Math.min(Number(values.template), count),
  accounts: Number(values.accounts),
  eventsPerSecond: Number(values.rate),
  chunkBytes: Number(values['chunk-bytes']),
  ...(values['start-us'] === undefined ? {} : { startUs: Number(values['start-us']) }),
});
const tape = new FrameTape(template, count);
const server = await serveRaw({
  tape,
  port: Number(values.port),
  host: values.host,
  afterwards: values.close ? 'close' : 'idle',
});
const passes = Math.ceil(count / template.frames);
process.stdout.write(
  `${JSON.stringify({
    url: server.url,
    count,
    bytesPerFrame: Math.round(template.payloadBytes / template.frames),
    firstUs: template.startUs,
    endUs: template.startUs + passes * template.passUs,
  })}\n`,
);
if (values['until-stdin-ends']) {
  process.stdin.resume();
  process.stdin.once('close', () => void server.close().then(() => process.exit(0)));
}
