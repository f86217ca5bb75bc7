/** A process of the SSE bench that holds many connections. Bare sockets: an HTTP client would cost more than the server. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, command, type Command, preciseNowMs } from './sse-protocol.ts';

interface Client {
  readonly port: number;
  readonly token: string;
  socket: Socket;
  rest: string;
  lastEventId: string;
  events: number;
  isOpen: boolean;
}

const clients: Client[] = [];
let left: Client[] = [];
let stalled: Client | undefined;
let latenciesMs: number[] = [];
/** What stands between the id of an event and the time at which it was published. */
const EVENT = '\nevent: analysis_completed\ndata: {"at":';
/** Connections are opened this many at a time, as a load balancer in front would let them through. */
const AT_ONCE = 200;

const open = (client: Client): Promise<void> =>
  new Promise((resolve, reject) => {
    const onText = (chunk: string) => {
      const text = client.rest + chunk;
      const end = text.lastIndexOf('\n\n') + 2;
      if (end < 2) {
        client.rest = text;
        return;
      }
      client.rest = text.slice(end);
      read(client, text.slice(0, end));
      if (client.isOpen) resolve();
    };
    // One buffer for all sockets: a stream of chunks for each would take longer than the server does to write them.
    const onread = {
      buffer: received,
      callback: (bytes: number) => {
        onText(received.toString('latin1', 0, bytes));
        return true;
      },
    };
    const socket = connect({ port: client.port, host: '127.0.0.1', noDelay: true, onread });
    client.socket = socket;
    client.rest = '';
    const resume = client.lastEventId === '' ? '' : `Last-Event-ID: ${client.lastEventId}\r\n`;
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.write(`GET /sse HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${client.token}\r\n${resume}\r\n`);
  });

const read = (client: Client, text: string): void => {
  const nowMs = preciseNowMs();
  if (!client.isOpen) {
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(`refused: ${text.slice(0, 200)}`);
    if (text.includes('event: connected')) client.isOpen = true;
  }
  for (let start = text.indexOf('id: '); start >= 0; start = text.indexOf('\nid: ', start)) {
    const from = text.indexOf('id: ', start) + 4;
    start = text.indexOf('\n', from);
    client.lastEventId = text.slice(from, start);
    const at = start + EVENT.length;
    if (!text.startsWith(EVENT, start)) continue;
    client.events += 1;
    latenciesMs.push(nowMs - Number(text.slice(at, text.indexOf(',', at))));
  }
};

const received = Buffer.alloc(64 * 1024);

const openAll = async (all: readonly Client[]): Promise<void> => {
  for (let from = 0; from < all.length; from += AT_ONCE) await Promise.all(all.slice(from, from + AT_ONCE).map(open));
};

const make = (port: number, token: string): Client => ({
  port,
  token,
  socket: undefined as never,
  rest: '',
  lastEventId: '',
  events: 0,
  isOpen: false,
});

const until = async (isDone: () => boolean, timeoutMs: number): Promise<void> => {
  const endMs = performance.now() + timeoutMs;
  while (!isDone() && performance.now() < endMs) await delay(5);
};

const work = async (what: Command): Promise<Answer> => {
  if (what.do === 'connect') {
    const made = what.tokens.flatMap((token) => Array.from({ length: what.perToken }, () => make(what.port, token)));
    clients.push(...made);
    await openAll(made);
    return { count: made.length, latenciesMs: [], missed: 0 };
  }
  if (what.do === 'stall') {
    const client = make(what.port, what.token);
    await open(client);
    client.socket.pause();
    stalled = client;
    return { count: 1, latenciesMs: [], missed: 0 };
  }
  if (what.do === 'unstall') {
    stalled?.socket.removeAllListeners('close').destroy();
    return { count: 1, latenciesMs: [], missed: 0 };
  }
  if (what.do === 'collect') {
    await until(() => latenciesMs.length >= what.count, what.timeoutMs);
    const come = latenciesMs;
    latenciesMs = [];
    return { count: come.length, latenciesMs: come, missed: what.count - come.length };
  }
  if (what.do === 'leave') {
    left = clients.slice(0, what.count);
    for (const client of left) {
      client.socket.removeAllListeners('close').destroy();
      client.isOpen = false;
      client.events = 0;
    }
    return { count: left.length, latenciesMs: [], missed: 0 };
  }
  if (what.do !== 'return') throw new Error(`not for a client: ${what.do}`);
  await openAll(left);
  await until(() => left.every(({ events }) => events >= what.each), what.timeoutMs);
  const missed = left.reduce((sum, { events }) => sum + Math.abs(what.each - events), 0);
  latenciesMs = [];
  return { count: left.length, latenciesMs: [], missed };
};

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await work(command.parse(JSON.parse(line))))}\n`);
}
process.exit(0);
