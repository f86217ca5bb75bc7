import { parseArgs } from 'node:util';
import { Engine } from './engine.ts';
import { serveClickHouse } from './http-server.ts';

/**
 * A ClickHouse server for tests, as a process of its own that may be killed, stopped and started again:
 *   node testing/clickhouse-server/main.ts --path DIR [--port N] [--exit-with-stdin]
 * Prints one JSON line `{"url","port","pid","version"}` when it answers.
 */
const { values } = parseArgs({
  options: {
    path: { type: 'string' },
    port: { type: 'string', default: '0' },
    // Asked for by a parent that holds the other end of our stdin: its death, by whatever signal, is then ours.
    'exit-with-stdin': { type: 'boolean', default: false },
  },
});

const portNumber = Number(values.port);
if (values.path === undefined || !Number.isInteger(portNumber) || portNumber < 0 || portNumber > 65_535) {
  process.stderr.write('usage: main.ts --path DIR [--port 0..65535] [--exit-with-stdin]\n');
  process.exit(2);
}

const engine = new Engine(values.path);
const { server, port } = await serveClickHouse(engine, portNumber);

const shutDown = async (): Promise<void> => {
  server.close();
  server.closeIdleConnections();
  await engine.close();
  process.exit(0);
};

process.once('SIGTERM', () => void shutDown());
process.once('SIGINT', () => void shutDown());
if (values['exit-with-stdin']) process.stdin.on('end', () => process.exit(0)).resume();

const ready = { url: `http://127.0.0.1:${port}`, port, pid: process.pid, version: engine.version };
process.stdout.write(`${JSON.stringify(ready)}\n`);
